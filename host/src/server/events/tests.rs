use super::*;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn bodies_are_unpacked() {
    assert_eq!(Decoder::Gzip.run(&gzip(b"abc")).unwrap(), b"abc");
    assert_eq!(Decoder::Gzip.run(&[gzip(b"abc"), gzip(b"def")].concat()).unwrap(), b"abcdef");
    assert_eq!(Decoder::Zstd.run(&zstd::encode_all(&b"abc"[..], 1).unwrap()).unwrap(), b"abc");
}

#[test]
fn broken_and_swollen_bodies_are_refused() {
    let message = |decoder: Decoder, body: &[u8]| decoder.run(body).unwrap_err().message;
    assert!(message(Decoder::Gzip, b"abc").starts_with("the body is not Gzip"));
    assert!(message(Decoder::Zstd, b"abc").starts_with("the body is not Zstd"));
    let bomb = zstd::encode_all(&vec![0; EVENTS_BODY_BYTES_MAX + 1][..], 1).unwrap();
    assert!(bomb.len() < 1 << 20);
    assert!(message(Decoder::Zstd, &bomb).contains("more than"));
    assert!(Decoder::find("br").unwrap_err().message.contains("gzip or zstd"));
}
