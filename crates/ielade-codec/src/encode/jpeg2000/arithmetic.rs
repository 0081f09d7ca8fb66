//! The MQ arithmetic coder of JPEG 2000 (ITU-T T.800, annex C).

/// What a context knows of the symbols that it has coded: the likelier one and a state of
/// table C.2.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Context {
    state: u8,
    likelier: u8,
}

impl Context {
    pub(super) const fn at_state(state: u8) -> Self {
        Self { state, likelier: 0 }
    }
}

/// A row of table C.2.
#[derive(Clone, Copy)]
struct State {
    /// Width of the less likely symbol's interval.
    width: u32,
    /// Next state after the likelier symbol, and after the other.
    next: [u8; 2],
    /// Whether the other symbol becomes the likelier one.
    switches: bool,
}

const fn state(width: u32, likelier: u8, other: u8, switches: bool) -> State {
    State {
        width,
        next: [likelier, other],
        switches,
    }
}

/// Table C.2.
const STATES: [State; 47] = [
    state(0x5601, 1, 1, true),
    state(0x3401, 2, 6, false),
    state(0x1801, 3, 9, false),
    state(0x0ac1, 4, 12, false),
    state(0x0521, 5, 29, false),
    state(0x0221, 38, 33, false),
    state(0x5601, 7, 6, true),
    state(0x5401, 8, 14, false),
    state(0x4801, 9, 14, false),
    state(0x3801, 10, 14, false),
    state(0x3001, 11, 17, false),
    state(0x2401, 12, 18, false),
    state(0x1c01, 13, 20, false),
    state(0x1601, 29, 21, false),
    state(0x5601, 15, 14, true),
    state(0x5401, 16, 14, false),
    state(0x5101, 17, 15, false),
    state(0x4801, 18, 16, false),
    state(0x3801, 19, 17, false),
    state(0x3401, 20, 18, false),
    state(0x3001, 21, 19, false),
    state(0x2801, 22, 19, false),
    state(0x2401, 23, 20, false),
    state(0x2201, 24, 21, false),
    state(0x1c01, 25, 22, false),
    state(0x1801, 26, 23, false),
    state(0x1601, 27, 24, false),
    state(0x1401, 28, 25, false),
    state(0x1201, 29, 26, false),
    state(0x1101, 30, 27, false),
    state(0x0ac1, 31, 28, false),
    state(0x09c1, 32, 29, false),
    state(0x08a1, 33, 30, false),
    state(0x0521, 34, 31, false),
    state(0x0441, 35, 32, false),
    state(0x02a1, 36, 33, false),
    state(0x0221, 37, 34, false),
    state(0x0141, 38, 35, false),
    state(0x0111, 39, 36, false),
    state(0x0085, 40, 37, false),
    state(0x0049, 41, 38, false),
    state(0x0025, 42, 39, false),
    state(0x0015, 43, 40, false),
    state(0x0009, 44, 41, false),
    state(0x0005, 45, 42, false),
    state(0x0001, 45, 43, false),
    state(0x5601, 46, 46, false),
];

/// The bit of the interval's width that tells whether it must be doubled.
const HALF: u32 = 0x8000;

/// Coded bytes and the coder's registers.
#[derive(Debug, Clone)]
pub(super) struct ArithmeticEncoder {
    /// The first byte stands before the code and is none of it.
    bytes: Vec<u8>,
    registers: Registers,
}

#[derive(Debug, Clone, Copy)]
struct Registers {
    code: u32,
    width: u32,
    /// Shifts until the next byte is complete.
    shifts: u32,
}

/// How the code would end if nothing more were coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ending {
    /// Bytes of the code that nothing coded later can change.
    settled: usize,
    /// The bytes that follow these.
    tail: [u8; 3],
    tail_length: usize,
}

impl Ending {
    /// Bytes of the whole code.
    pub(super) const fn len(&self) -> usize {
        self.settled + self.tail_length
    }

    /// The whole code; `bytes` is what the encoder wrote, of this and whatever came later.
    pub(super) fn append_to(&self, bytes: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(&bytes[..self.settled]);
        out.extend_from_slice(&self.tail[..self.tail_length]);
    }
}

impl ArithmeticEncoder {
    pub(super) fn new() -> Self {
        Self {
            bytes: vec![0],
            registers: Registers {
                code: 0,
                width: HALF,
                shifts: 12,
            },
        }
    }

    /// Codes one symbol, 0 or 1.
    pub(super) fn encode(&mut self, context: &mut Context, symbol: u8) {
        let state = &STATES[usize::from(context.state)];
        let registers = &mut self.registers;
        registers.width -= state.width;
        let is_likelier = symbol == context.likelier;
        if is_likelier && registers.width & HALF != 0 {
            registers.code += state.width;
            return;
        }
        // The smaller part of the interval goes to the less likely symbol, whichever it is.
        if (registers.width < state.width) == is_likelier {
            registers.width = state.width;
        } else {
            registers.code += state.width;
        }
        if !is_likelier && state.switches {
            context.likelier = 1 - context.likelier;
        }
        context.state = state.next[usize::from(!is_likelier)];
        self.double();
    }

    fn double(&mut self) {
        loop {
            self.registers.width <<= 1;
            self.registers.code <<= 1;
            self.registers.shifts -= 1;
            if self.registers.shifts == 0 {
                self.registers = put_byte(self.registers, &mut self.bytes);
            }
            if self.registers.width & HALF != 0 {
                return;
            }
        }
    }

    /// How the code would end here.
    pub(super) fn ending(&self) -> Ending {
        let mut registers = self.registers;
        let end = registers.code + registers.width;
        registers.code |= 0xffff;
        if registers.code >= end {
            registers.code -= HALF;
        }
        let settled = self.bytes.len() - 1;
        let mut tail = Vec::with_capacity(4);
        tail.push(self.bytes[settled]);
        for _ in 0..2 {
            registers.code <<= registers.shifts;
            registers = put_byte(registers, &mut tail);
        }
        // A code never ends in 0xff: a decoder that has read all goes on with it anyway.
        if tail.last() == Some(&0xff) {
            tail.pop();
        }
        // Before the first byte there is nothing settled but the one that is none of the code.
        let code = if settled == 0 { &tail[1..] } else { &tail[..] };
        let mut ending = Ending {
            settled: settled.saturating_sub(1),
            tail: [0; 3],
            tail_length: code.len(),
        };
        ending.tail[..code.len()].copy_from_slice(code);
        ending
    }

    /// All bytes written so far; the last may still change.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[1..]
    }
}

/// Moves a byte from the code register behind `bytes`, whose last a carry may still raise.
fn put_byte(mut registers: Registers, bytes: &mut Vec<u8>) -> Registers {
    const CARRY: u32 = 1 << 27;
    let last = bytes.len() - 1;
    if bytes[last] != 0xff && registers.code & CARRY != 0 {
        bytes[last] += 1;
        registers.code &= CARRY - 1;
    }
    // Behind 0xff a byte has seven bits only, so that no carry can ever run through it.
    let bits = if bytes[last] == 0xff { 7 } else { 8 };
    let rest = 27 - bits;
    bytes.push((registers.code >> rest) as u8);
    registers.code &= (1 << rest) - 1;
    registers.shifts = bits;
    registers
}
