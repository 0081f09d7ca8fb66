//! A white sheet to draw on, in points (1/72 inch), kept as pixels at print resolution.

use tiny_skia::{Color, FillRule, LineCap, Paint, PathBuilder, Pixmap, Rect, Stroke, Transform};
use ttf_parser::{Face, OutlineBuilder};

/// Pixels an inch.
pub(super) const DPI: f32 = 300.0;

const FONT: &[u8] = include_bytes!("../../fonts/dejavu-sans-latin.ttf");

/// Size of a letter's em square in points.
pub(super) const TEXT_SIZE: f32 = 8.0;

/// Where a text stands in relation to its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
    /// Centred, and turned to be read from the right.
    Upwards,
}

/// A sheet of paper.
pub(super) struct Canvas {
    pixels: Pixmap,
    scale: f32,
    face: Option<Face<'static>>,
}

/// Red, green and blue.
pub(super) type Rgb = (u8, u8, u8);

impl Canvas {
    /// A white sheet of so many points; `None` where that is nothing or far too much.
    pub(super) fn new(width: f32, height: f32) -> Option<Self> {
        let scale = DPI / 72.0;
        let mut pixels = Pixmap::new((width * scale) as u32, (height * scale) as u32)?;
        pixels.fill(Color::WHITE);
        Some(Self {
            pixels,
            scale,
            face: Face::parse(FONT, 0).ok(),
        })
    }

    pub(super) fn line(&mut self, from: (f32, f32), to: (f32, f32), colour: Rgb, width: f32) {
        let mut path = PathBuilder::new();
        path.move_to(from.0, from.1);
        path.line_to(to.0, to.1);
        if let Some(path) = path.finish() {
            let stroke = Stroke {
                width,
                line_cap: LineCap::Butt,
                ..Stroke::default()
            };
            let transform = Transform::from_scale(self.scale, self.scale);
            let paint = paint(colour, 255);
            self.pixels
                .stroke_path(&path, &paint, &stroke, transform, None);
        }
    }

    pub(super) fn circle(&mut self, centre: (f32, f32), radius: f32, colour: Rgb, opacity: u8) {
        if let Some(path) = PathBuilder::from_circle(centre.0, centre.1, radius) {
            self.fill(&path, colour, opacity);
        }
    }

    pub(super) fn bar(&mut self, corner: (f32, f32), size: (f32, f32), colour: Rgb) {
        if let Some(area) = Rect::from_xywh(corner.0, corner.1, size.0, size.1) {
            self.fill(&PathBuilder::from_rect(area), colour, 255);
        }
    }

    fn fill(&mut self, path: &tiny_skia::Path, colour: Rgb, opacity: u8) {
        let transform = Transform::from_scale(self.scale, self.scale);
        let paint = paint(colour, opacity);
        self.pixels
            .fill_path(path, &paint, FillRule::Winding, transform, None);
    }

    /// Writes text whose middle height is at the point.
    pub(super) fn text(&mut self, text: &str, at: (f32, f32), anchor: Anchor) {
        let width = self.text_width(text);
        let Some(face) = &self.face else { return };
        let em = TEXT_SIZE / f32::from(face.units_per_em());
        let shift = match anchor {
            Anchor::Start => 0.0,
            Anchor::Middle | Anchor::Upwards => -width / 2.0,
            Anchor::End => -width,
        };
        let mut glyphs = Glyphs {
            path: PathBuilder::new(),
            em,
            x: shift,
            y: TEXT_SIZE * 0.36,
        };
        for letter in text.chars() {
            let Some(glyph) = face.glyph_index(letter).or_else(|| face.glyph_index('?')) else {
                continue;
            };
            face.outline_glyph(glyph, &mut glyphs);
            glyphs.x += f32::from(face.glyph_hor_advance(glyph).unwrap_or(0)) * em;
        }
        if let Some(path) = glyphs.path.finish() {
            let turned = match anchor {
                Anchor::Upwards => Transform::from_rotate(-90.0),
                _ => Transform::identity(),
            };
            let transform = turned
                .post_translate(at.0, at.1)
                .post_scale(self.scale, self.scale);
            let paint = paint(TEXT, 255);
            self.pixels
                .fill_path(&path, &paint, FillRule::Winding, transform, None);
        }
    }

    /// Width of a text in points.
    pub(super) fn text_width(&self, text: &str) -> f32 {
        let Some(face) = &self.face else { return 0.0 };
        let advance = |letter| {
            let glyph = face.glyph_index(letter).or_else(|| face.glyph_index('?'))?;
            face.glyph_hor_advance(glyph)
        };
        let units: u32 = text.chars().filter_map(advance).map(u32::from).sum();
        units as f32 * TEXT_SIZE / f32::from(face.units_per_em())
    }

    /// The sheet as a PNG file that knows its resolution.
    pub(super) fn png(&self) -> Result<Vec<u8>, png::EncodingError> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.pixels.width(), self.pixels.height());
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let per_metre = (DPI / 0.0254).round() as u32;
        encoder.set_pixel_dims(Some(png::PixelDimensions {
            xppu: per_metre,
            yppu: per_metre,
            unit: png::Unit::Meter,
        }));
        let mut writer = encoder.write_header()?;
        // The sheet is opaque: nothing is premultiplied.
        let opaque: Vec<u8> = (self.pixels.data().chunks_exact(4))
            .flat_map(|pixel| pixel.iter().take(3).copied())
            .collect();
        writer.write_image_data(&opaque)?;
        writer.finish()?;
        Ok(bytes)
    }
}

/// Colour of words, of axes and of the lines behind the data.
pub(super) const TEXT: Rgb = (30, 30, 30);
pub(super) const AXIS: Rgb = (90, 90, 90);
pub(super) const GRID: Rgb = (222, 222, 222);

fn paint(colour: Rgb, opacity: u8) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color_rgba8(colour.0, colour.1, colour.2, opacity);
    paint.anti_alias = true;
    paint
}

/// Collects the outlines of letters beside each other.
struct Glyphs {
    path: PathBuilder,
    em: f32,
    x: f32,
    y: f32,
}

impl Glyphs {
    fn at(&self, x: f32, y: f32) -> (f32, f32) {
        (self.x + x * self.em, self.y - y * self.em)
    }
}

impl OutlineBuilder for Glyphs {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let ((x1, y1), (x, y)) = (self.at(x1, y1), self.at(x, y));
        self.path.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let ((x1, y1), (x2, y2), (x, y)) = (self.at(x1, y1), self.at(x2, y2), self.at(x, y));
        self.path.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}
