// Parses the AsyncAPI document in a file. Exits with 1 if it has errors or warnings.
const { readFileSync } = require('node:fs');
const { Parser } = require('@asyncapi/parser');

const WARNING = 1;

async function main(file) {
  const { document, diagnostics } = await new Parser().parse(readFileSync(file, 'utf8'));
  for (const { severity, code, message, path } of diagnostics) {
    console.error(`severity ${severity}: ${code}: ${message} (${path.join('.')})`);
  }
  const failed = diagnostics.some(({ severity }) => severity <= WARNING);
  if (failed || !document) {
    process.exit(1);
  }
  console.error(`valid: ${document.allOperations().length} operations, ${document.allMessages().length} messages`);
}

main(process.argv[1]);
