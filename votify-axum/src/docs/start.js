// Starts Swagger UI. The examples of the API run as they stand: their ids stand for the poll
// that this page created last, and for its options. So does their join code.
{
  const CODE = 'K7WM3P';
  // 00 is the poll, 01 its first option. The document has the same placeholders.
  const PLACEHOLDER = /00000000-0000-7000-8000-0000000000(\d\d)/g;
  let ids = [];
  let code = CODE;

  const withIds = (text) =>
    text.replace(PLACEHOLDER, (id, index) => ids[Number(index)] ?? id).replaceAll(CODE, code);

  const requestInterceptor = (request) => {
    request.url = withIds(request.url);
    if (typeof request.body === 'string') {
      request.body = withIds(request.body);
    }
    return request;
  };

  const responseInterceptor = (response) => {
    const path = response.url.split('?')[0];
    if (response.status === 201 && /\/api\/polls\/?$/.test(path)) {
      const poll = JSON.parse(response.text);
      ids = [poll.id, ...poll.options.map((option) => option.id)];
      code = poll.join_code ?? CODE;
    }
    return response;
  };

  const { presets, plugins } = window.SwaggerUIBundle;
  window.ui = window.SwaggerUIBundle({
    // Relative, so that it works under any prefix.
    url: '../openapi.json',
    dom_id: '#swagger-ui',
    deepLinking: true,
    layout: 'StandaloneLayout',
    plugins: [plugins.DownloadUrl],
    presets: [presets.apis, window.SwaggerUIStandalonePreset],
    requestInterceptor,
    responseInterceptor,
    tryItOutEnabled: true,
    validatorUrl: 'none',
  });
}
