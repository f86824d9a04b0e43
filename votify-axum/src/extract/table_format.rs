//! The format of a response that is JSON or a table.

use axum::http::{HeaderMap, header};
use utoipa::ToSchema;

use super::query::QueryReader;

/// The format of a response. `format` in the query takes precedence over `Accept`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum TableFormat {
    Json,
    Csv,
}

const FORMATS: [(&str, TableFormat); 2] = [("json", TableFormat::Json), ("csv", TableFormat::Csv)];

impl TableFormat {
    /// Reads `format`, or else the supported format that `Accept` lists first.
    pub(crate) fn read(query: &mut QueryReader, headers: &HeaderMap) -> Self {
        let format = query.keyword("format", &FORMATS);
        format.unwrap_or_else(|| Self::accepted(headers))
    }

    fn accepted(headers: &HeaderMap) -> Self {
        let lines = headers.get_all(header::ACCEPT).iter();
        let types = lines.filter_map(|line| line.to_str().ok());
        let types = types.flat_map(|line| line.split(','));
        let mut formats = types.filter_map(|entry| match entry.split(';').next()?.trim() {
            "text/csv" => Some(Self::Csv),
            "application/json" => Some(Self::Json),
            _ => None,
        });
        formats.next().unwrap_or(Self::Json)
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn the_first_supported_type_is_sent() {
        let format = |accept: &str| {
            let accept = HeaderValue::try_from(accept).unwrap();
            TableFormat::accepted(&HeaderMap::from_iter([(header::ACCEPT, accept)]))
        };
        for csv in ["text/csv", "text/html, text/csv;q=0.9, */*"] {
            assert_eq!(format(csv), TableFormat::Csv, "{csv}");
        }
        for json in ["*/*", "", "application/json, text/csv", "text/plain"] {
            assert_eq!(format(json), TableFormat::Json, "{json}");
        }
    }
}
