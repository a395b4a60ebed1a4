//! The application as the gateway reaches it: one call is one exchange, heads first, bodies in pieces both ways. When the
//! gateway ends the call, because the visitor has gone, what still runs for it ends too.

use axum::body::{Body, BodyDataStream};
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use haat_contracts::web::pages_server::{Pages, PagesServer};
use haat_contracts::web::{Header, RequestHead, RequestPart, ResponseHead, ResponsePart, request_part, response_part};
use haat_kernel::Result;
use haat_service::Platform;
use http::request::Parts;
use http::{HeaderName, HeaderValue};
use tonic::{Status, Streaming};

use crate::app::App;
use crate::site::{Arrival, Site};

const GATEWAY: &str = "gateway";

/// The server of an application's pages, for `Wiring::serve`.
pub fn serve(platform: &Platform, app: App) -> Result<PagesServer<impl Pages>> {
    let site = Site::new(app, platform.channel(GATEWAY)?, platform.clock, platform.entropy.clone());
    Ok(PagesServer::new(Server(site)))
}

struct Server(Site);

#[tonic::async_trait]
impl Pages for Server {
    type ServeStream = BoxStream<'static, Result<ResponsePart, Status>>;

    async fn serve(&self, request: tonic::Request<Streaming<RequestPart>>) -> Result<tonic::Response<Self::ServeStream>, Status> {
        let mut incoming = request.into_inner();
        let Some(RequestPart { part: Some(request_part::Part::Head(head)) }) = incoming.message().await? else {
            return Err(Status::invalid_argument("a request begins with its head"));
        };
        let arrival = Arrival { is_secure: head.scheme == "https", client_address: head.client_address.clone() };
        let parts = read_head(head).map_err(|error| Status::invalid_argument(error.to_string()))?;
        let response = self.0.handle(Request::from_parts(parts, body_of(incoming)), arrival).await;
        Ok(tonic::Response::new(parts_of(response)))
    }
}

fn read_head(head: RequestHead) -> Result<Parts, http::Error> {
    let mut request = http::Request::builder().method(head.method.as_str()).uri(head.path_and_query);
    for Header { name, value } in head.headers {
        request = request.header(HeaderName::try_from(name)?, HeaderValue::try_from(value)?);
    }
    Ok(request.body(())?.into_parts().0)
}

fn body_of(incoming: Streaming<RequestPart>) -> Body {
    let pieces = incoming.try_filter_map(async |message| {
        Ok(match message.part {
            Some(request_part::Part::Body(bytes)) => Some(Bytes::from(bytes)),
            _ => None,
        })
    });
    Body::from_stream(pieces)
}

fn parts_of(response: Response) -> BoxStream<'static, Result<ResponsePart, Status>> {
    let (parts, body) = response.into_parts();
    let headers =
        parts.headers.iter().map(|(name, value)| Header { name: name.as_str().to_owned(), value: value.as_bytes().to_vec() });
    let head = ResponseHead { status: u32::from(parts.status.as_u16()), headers: headers.collect() };
    let head = ResponsePart { part: Some(response_part::Part::Head(head)) };
    futures::stream::once(std::future::ready(Ok(head))).chain(pieces_of(body.into_data_stream())).boxed()
}

fn pieces_of(body: BodyDataStream) -> impl futures::Stream<Item = Result<ResponsePart, Status>> {
    body.map(|piece| match piece {
        Ok(bytes) => Ok(ResponsePart { part: Some(response_part::Part::Body(bytes.to_vec())) }),
        Err(error) => Err(Status::aborted(error.to_string())),
    })
}
