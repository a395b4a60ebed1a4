//! What a file is, by its first bytes, whatever its sender says: pictures made of pixels, and nothing that a browser might
//! run or that may point elsewhere.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Jpeg,
    Png,
    Gif,
    WebP,
    Avif,
}

impl Kind {
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let at = |place: usize, mark: &[u8]| bytes.get(place..).is_some_and(|rest| rest.starts_with(mark));
        match () {
            () if at(0, b"\xff\xd8\xff") => Some(Kind::Jpeg),
            () if at(0, b"\x89PNG\r\n\x1a\n") => Some(Kind::Png),
            () if at(0, b"GIF87a") || at(0, b"GIF89a") => Some(Kind::Gif),
            () if at(0, b"RIFF") && at(8, b"WEBP") => Some(Kind::WebP),
            () if at(4, b"ftypavif") => Some(Kind::Avif),
            () => None,
        }
    }

    pub fn content_type(self) -> &'static str {
        match self {
            Kind::Jpeg => "image/jpeg",
            Kind::Png => "image/png",
            Kind::Gif => "image/gif",
            Kind::WebP => "image/webp",
            Kind::Avif => "image/avif",
        }
    }
}
