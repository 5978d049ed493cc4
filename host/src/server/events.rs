//! `POST /v0/events`.

use super::Server;
use flate2::read::MultiGzDecoder;
use sanderling_core::api::{self, Append, Request, Response};
use sanderling_core::error::{Error, Result};
use sanderling_core::limits::EVENTS_BODY_BYTES_MAX;
use serde_json::json;
use std::io::Read;
use tokio::task;

impl Server {
    pub(super) async fn events(&self, request: Request) -> Response {
        self.append(request).await.unwrap_or_else(|response| response)
    }

    async fn append(&self, request: Request) -> Result<Response, Response> {
        let catalog = self.workspace.catalog().await?;
        let now_s = self.workspace.clock().now_ns().div_euclid(1_000_000_000);
        let append = api::append(&request, &catalog, self.workspace.keys(), now_s)?;
        let Append { data_source, wait, format, .. } = append;
        let body = match request.header("content-encoding").map(str::to_ascii_lowercase).as_deref() {
            None | Some("" | "identity") => request.body,
            Some(encoding) => {
                let decoder = Decoder::find(encoding)?;
                let packed = request.body;
                let unpack = task::spawn_blocking(move || decoder.run(&packed));
                unpack
                    .await
                    .unwrap_or_else(|_| Err(Error::internal("decompression failed; the log says where")))?
                    .into()
            }
        };
        let ack = self.workspace.append(&data_source, body, format).await?;
        // The rows are durable and visible either way; 202 is what clients that do not wait expect.
        let status = if wait { 200 } else { 202 };
        let counts = json!({ "successful_rows": ack.accepted, "quarantined_rows": ack.quarantined });
        Ok(Response::json(status, &counts))
    }
}

/// How a body is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decoder {
    Gzip,
    Zstd,
}

impl Decoder {
    fn find(encoding: &str) -> Result<Decoder> {
        match encoding {
            "gzip" | "x-gzip" => Ok(Decoder::Gzip),
            "zstd" => Ok(Decoder::Zstd),
            other => {
                Err(Error::invalid(format!("the content encoding {other:?} is not known; it can be gzip or zstd")))
            }
        }
    }

    /// Stops at the limit, so that a small body cannot fill the memory.
    fn run(self, packed: &[u8]) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        let bytes_max = EVENTS_BODY_BYTES_MAX as u64 + 1;
        let read = match self {
            Decoder::Gzip => MultiGzDecoder::new(packed).take(bytes_max).read_to_end(&mut body),
            Decoder::Zstd => {
                zstd::Decoder::new(packed).and_then(|reader| reader.take(bytes_max).read_to_end(&mut body))
            }
        };
        read.map_err(|error| Error::invalid(format!("the body is not {self:?}: {error}")))?;
        if body.len() > EVENTS_BODY_BYTES_MAX {
            return Err(Error::limit(format!("the body has more than {EVENTS_BODY_BYTES_MAX} bytes, unpacked")));
        }
        Ok(body)
    }
}

#[cfg(test)]
mod tests;
