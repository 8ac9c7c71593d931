//! What browsers read text with, for WebAssembly: Firefox's guess of an encoding (chardetng) and its decoders (encoding_rs, the WHATWG Encoding Standard).
//! One caller at a time: bytes go into `input`, what is made of them lies in `output`. No call keeps anything but the decoder between `open` and its last `decode`.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use core::ptr::{addr_of, addr_of_mut, copy_nonoverlapping};
use core::slice::{from_raw_parts, from_raw_parts_mut};
use encoding_rs::{CoderResult, Decoder, Encoding};

const INPUT_BYTES: usize = 1 << 16;
/// No byte of an encoding of the standard makes more than two units, and a few more may be held back from the piece before.
const OUTPUT_UNITS: usize = 2 * INPUT_BYTES + 16;

static mut INPUT: [u8; INPUT_BYTES] = [0; INPUT_BYTES];
static mut OUTPUT: [u16; OUTPUT_UNITS] = [0; OUTPUT_UNITS];
static mut DECODER: Option<Decoder> = None;

#[no_mangle]
pub extern "C" fn input() -> *const u8 {
    addr_of!(INPUT) as *const u8
}

#[no_mangle]
pub extern "C" fn output() -> *const u16 {
    addr_of!(OUTPUT) as *const u16
}

#[no_mangle]
pub extern "C" fn capacity() -> usize {
    INPUT_BYTES
}

/// Guesses what the first `bytes` of the input are in, UTF-8 left out; `last` is not 0 when the text ends there, so that half a character is a mistake.
/// Its name, in ASCII, is then the first bytes of the input; their count is returned.
#[no_mangle]
pub extern "C" fn guess(bytes: usize, last: usize) -> usize {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(taken(bytes), last != 0);
    let name = detector.guess(None, Utf8Detection::Deny).name();
    unsafe { copy_nonoverlapping(name.as_ptr(), addr_of_mut!(INPUT) as *mut u8, name.len()) };
    name.len()
}

/// Begins to decode what is in the encoding whose label is the first `bytes` of the input. 0: there is none of that name.
#[no_mangle]
pub extern "C" fn open(bytes: usize) -> usize {
    let decoder = Encoding::for_label(taken(bytes)).map(Encoding::new_decoder_without_bom_handling);
    let is_known = decoder.is_some();
    unsafe { *addr_of_mut!(DECODER) = decoder };
    usize::from(is_known)
}

/// Decodes the next `bytes` into the output, as UTF-16; `last` is not 0 with the last piece. How many units there are.
#[no_mangle]
pub extern "C" fn decode(bytes: usize, last: usize) -> usize {
    let Some(decoder) = (unsafe { (*addr_of_mut!(DECODER)).as_mut() }) else { return 0 };
    let output = unsafe { from_raw_parts_mut(addr_of_mut!(OUTPUT) as *mut u16, OUTPUT_UNITS) };
    match decoder.decode_to_utf16(taken(bytes), output, last != 0) {
        (CoderResult::InputEmpty, _, units, _) => units,
        (CoderResult::OutputFull, ..) => 0,
    }
}

fn taken(bytes: usize) -> &'static [u8] {
    unsafe { from_raw_parts(addr_of!(INPUT) as *const u8, bytes.min(INPUT_BYTES)) }
}
