// JPEG files: sequential and progressive, Huffman-coded, 8 bits, any sampling. Specification: ITU-T T.81; JFIF 1.02.
import { FormatError } from "../../base/index.js";
import { exifOrientation } from "./exif.js";
import { BitReader, HuffmanTable } from "./jpeg-bits.js";
import { fillPlanes } from "./jpeg-colors.js";
import { type Component, type ScanComponent, ZIGZAG } from "./jpeg-frame.js";
import { invertComponent } from "./jpeg-progressive.js";
import { type RowReader, rowsOf } from "./jpeg-rows.js";
import { readScan } from "./jpeg-scan.js";
import { type Pixels, planesOf } from "./pixels.js";

const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;
const DQT = 0xdb;
const DHT = 0xc4;
const DRI = 0xdd;
const APP0 = 0xe0;
const APP1 = 0xe1;
const APP14 = 0xee;
/** Frames that are read: baseline, extended, progressive. */
const frames = [0xc0, 0xc1, 0xc2];
/** A frame of more samples than this is taken for damage, before memory is asked for. */
const MOST_SAMPLES = 2 ** 29;
/** Progressive scans only collect coefficients. */
const none = new Uint16Array(0);

/** Samples of components until they are an image: the same memory for one file after the other, but for large ones. */
const usual = new Uint8Array(1 << 22);

/** The last `size` of `end` samples. */
function takeSamples(end: number, size: number): Uint8Array {
  return end <= usual.length ? usual.subarray(end - size, end) : new Uint8Array(size);
}

interface Frame {
  readonly width: number;
  readonly height: number;
  readonly components: readonly Component[];
  readonly isProgressive: boolean;
  /** The finest sampling of all components. */
  readonly h: number;
  readonly v: number;
  readonly unitColumns: number;
  readonly unitRows: number;
}

export function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === SOI && bytes[2] === 0xff;
}

/**
 * Decodes a JPEG file, with the values of libjpeg's accurate transform and smooth upsampling (as PIL and torchvision have).
 * @param luminance - only the first component: the grey image.
 * @throws FormatError for damaged or truncated files and for kinds that are not read (lossless, arithmetic, 12 bits).
 */
export function decodeJpeg(bytes: Uint8Array, name: string, luminance: boolean): Pixels {
  return new JpegFile(bytes, name).decode(luminance);
}

class JpegFile {
  readonly #view: DataView;
  readonly #quantizations: (Uint16Array | undefined)[] = [];
  readonly #dc: (HuffmanTable | undefined)[] = [];
  readonly #ac: (HuffmanTable | undefined)[] = [];
  #frame: Frame | null = null;
  #restartInterval = 0;
  #isJfif = false;
  /** Colour transform of Adobe's marker; null without one. */
  #adobe: number | null = null;
  #orientation = 1;
  #scans = 0;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly name: string,
  ) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  decode(luminance: boolean): Pixels {
    this.#read();
    const frame = this.#frame;
    if (!frame || this.#scans === 0) throw this.#fail("it holds no image");
    const isYcc = this.#isYcc(frame);
    const wanted = luminance && isYcc ? frame.components.slice(0, 1) : frame.components;
    const readers = wanted.map((component) => this.#rows(component, frame));
    const { width, height } = frame;
    const channels = wanted.length === 1 ? 1 : 3;
    const { image, samples } = planesOf(channels, height, width);
    fillPlanes(samples, readers, { width, height, isYcc });
    return { image, samples, grey, largest: 255, orientation: this.#orientation };
  }

  #fail = (text: string): FormatError =>
    new FormatError(`decodeImage: ${this.name} is no JPEG file that can be read: ${text}`, { op: "decodeImage" });

  #u16(at: number): number {
    if (at + 2 > this.bytes.length) throw this.#fail("it is truncated");
    return this.#view.getUint16(at);
  }

  #read(): void {
    let at = 2;
    for (;;) {
      while (this.bytes[at] !== 0xff && at < this.bytes.length) at++;
      while (this.bytes[at] === 0xff) at++;
      const marker = this.bytes[at++];
      if (marker === undefined) throw this.#fail("it is truncated");
      if (marker === EOI) return;
      if (marker === 0 || marker === 1 || (marker >= 0xd0 && marker <= 0xd7)) continue;
      const length = this.#u16(at);
      if (length < 2 || at + length > this.bytes.length) throw this.#fail("it is truncated");
      const segment = this.bytes.subarray(at + 2, at + length);
      at += length;
      if (marker === SOS) at = this.#scan(segment, at);
      else this.#segment(marker, segment);
    }
  }

  #segment(marker: number, data: Uint8Array): void {
    const text = (count: number) => String.fromCharCode(...data.subarray(0, count));
    if (marker === DQT) this.#quantization(data);
    else if (marker === DHT) this.#huffman(data);
    else if (marker === DRI) this.#restartInterval = ((data[0] ?? 0) << 8) | (data[1] ?? 0);
    else if (marker === APP0) this.#isJfif ||= text(5) === "JFIF\0";
    else if (marker === APP1 && text(6) === "Exif\0\0") this.#orientation = exifOrientation(data.subarray(6));
    else if (marker === APP14 && text(5) === "Adobe") this.#adobe = data[11] ?? 0;
    else if (frames.includes(marker)) this.#startFrame(marker, data);
    else if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc8 && marker !== 0xcc) {
      throw this.#fail("its kind (lossless, hierarchical or arithmetic coding) is not supported");
    }
  }

  #quantization(data: Uint8Array): void {
    for (let at = 0; at < data.length; ) {
      const spec = data[at++] as number;
      const bytes = spec >> 4 === 0 ? 1 : 2;
      if (at + 64 * bytes > data.length) throw this.#fail("a quantization table is damaged");
      const table = new Uint16Array(64);
      for (let i = 0; i < 64; i++, at += bytes) {
        table[ZIGZAG[i] as number] =
          bytes === 1 ? (data[at] as number) : ((data[at] as number) << 8) | (data[at + 1] as number);
      }
      this.#quantizations[spec & 15] = table;
    }
  }

  #huffman(data: Uint8Array): void {
    for (let at = 0; at + 17 <= data.length; ) {
      const spec = data[at] as number;
      const counts = data.subarray(at + 1, at + 17);
      const total = counts.reduce((a, b) => a + b, 0);
      const kraft = counts.reduce((sum, count, i) => sum + count * 2 ** (15 - i), 0);
      at += 17 + total;
      if (at > data.length || kraft > 2 ** 16) throw this.#fail("a Huffman table is damaged");
      const tables = spec >> 4 === 0 ? this.#dc : this.#ac;
      tables[spec & 15] = new HuffmanTable(counts, data.slice(at - total, at));
    }
  }

  #startFrame(marker: number, data: Uint8Array): void {
    if (this.#frame) throw this.#fail("it has more than one frame");
    const [precision = 0, , , , , count = 0] = data;
    if (precision !== 8) throw this.#fail(`it has ${precision} bits a sample; 8 are supported`);
    if (data.length < 6 + 3 * count) throw this.#fail("its header is damaged");
    const height = ((data[1] as number) << 8) | (data[2] as number);
    const width = ((data[3] as number) << 8) | (data[4] as number);
    const parts = Array.from({ length: count }, (_, i) => {
      const [id = 0, sampling = 0, quantization = 0] = data.subarray(6 + 3 * i, 9 + 3 * i);
      return { id, h: sampling >> 4, v: sampling & 15, quantization };
    });
    const isSampling = (n: number) => n >= 1 && n <= 4;
    if (
      width * height === 0 ||
      ![1, 3, 4].includes(count) ||
      !parts.every(({ h, v }) => isSampling(h) && isSampling(v))
    ) {
      throw this.#fail(`its header says ${width}×${height} with ${count} components`);
    }
    const [h, v] = [Math.max(...parts.map((part) => part.h)), Math.max(...parts.map((part) => part.v))];
    const [unitColumns, unitRows] = [Math.ceil(width / (8 * h)), Math.ceil(height / (8 * v))];
    if (unitColumns * unitRows * h * v * 64 * count > MOST_SAMPLES) throw this.#fail(`${width}×${height} is too large`);
    const isProgressive = marker === 0xc2;
    let end = 0;
    const components = parts.map((part): Component => {
      const [columns, rows] = [unitColumns * part.h, unitRows * part.v];
      const size = columns * rows * 64;
      end += size;
      return {
        ...part,
        columns,
        rows,
        width: Math.ceil((width * part.h) / h),
        height: Math.ceil((height * part.v) / v),
        // Grey until a scan says more.
        samples: takeSamples(end, size).fill(128),
        coefficients: new Int16Array(isProgressive ? size : 0),
      };
    });
    this.#frame = { width, height, components, isProgressive, h, v, unitColumns, unitRows };
  }

  /** Returns the position behind the scan's data. */
  #scan(header: Uint8Array, at: number): number {
    const frame = this.#frame;
    if (!frame) throw this.#fail("a scan comes before the frame");
    const count = header[0] ?? 0;
    if (header.length < 4 + 2 * count) throw this.#fail("the header of a scan is damaged");
    const components = Array.from({ length: count }, (_, i): ScanComponent => {
      const component = frame.components.find(({ id }) => id === header[1 + 2 * i]);
      if (!component) throw this.#fail("a scan names a component that is not there");
      const tables = header[2 + 2 * i] as number;
      return {
        component,
        dc: this.#dc[tables >> 4],
        ac: this.#ac[tables & 15],
        quantization: frame.isProgressive ? none : this.#quantizationOf(component),
        previous: 0,
      };
    });
    const [first = 0, last = 0, bits = 0] = header.subarray(1 + 2 * count);
    if (frame.isProgressive && (last > 63 || first > last || (bits & 15) > 13 || (first > 0 && count > 1))) {
      throw this.#fail("the header of a scan is damaged");
    }
    const { isProgressive, unitColumns, unitRows } = frame;
    const range = isProgressive
      ? { first, last, high: bits >> 4, low: bits & 15 }
      : { first: 0, last: 63, high: 0, low: 0 };
    const reader = new BitReader(this.bytes, at);
    const restartInterval = this.#restartInterval;
    readScan(
      reader,
      { components, isProgressive, ...range, restartInterval, unitColumns, unitRows, endRun: 0 },
      this.#fail,
    );
    this.#scans++;
    return reader.position;
  }

  #quantizationOf(component: Component): Uint16Array {
    const quantization = this.#quantizations[component.quantization];
    if (!quantization) throw this.#fail("a quantization table is missing");
    return quantization;
  }

  #rows(component: Component, { h, v, isProgressive }: Frame): RowReader {
    if (isProgressive) invertComponent(component, this.#quantizationOf(component));
    const [across, down] = [h / component.h, v / component.v];
    if (!Number.isInteger(across) || !Number.isInteger(down)) {
      throw this.#fail(`its sampling ${component.h}×${component.v} of ${h}×${v} is not supported`);
    }
    const { width, height, columns, samples } = component;
    return rowsOf({ width, height, stride: 8 * columns, samples }, across, down);
  }

  /** Whether the first three components are luminance and two colour differences: libjpeg's rules, jdapimin.c. */
  #isYcc({ components }: Frame): boolean {
    if (components.length === 4) return this.#adobe === 2;
    if (components.length === 1 || this.#isJfif) return true;
    if (this.#adobe !== null) return this.#adobe !== 0;
    return components.map(({ id }) => id).join() !== "82,71,66";
  }
}

/** libjpeg's, of files that hold no luminance. */
const grey = { red: 19595, green: 38470, blue: 7471, rounding: 1 << 15, shift: 16 };
