// Image files against what torchvision and PIL decode (test/fixtures/image-files.py), damaged files, saving, grids.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Tensor, tensor } from "gradus";
import {
  decodeImage,
  encodeJpeg,
  encodePng,
  type ImageMode,
  makeGrid,
  readImage,
  saveImage,
  writeJpeg,
  writePng,
} from "gradus/vision";
import { PNG } from "pngjs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const folder = new URL("../fixtures/images/", import.meta.url);
const read = (name: string) => new Uint8Array(readFileSync(new URL(name, folder)));

interface Case {
  readonly file?: string;
  readonly mode?: ImageMode;
  readonly exif?: boolean;
  readonly grid?: string;
  readonly encode?: string;
  readonly quality?: number;
  readonly shape: readonly number[];
  readonly at: number;
  readonly bytes: number;
}
const { cases } = JSON.parse(readFileSync(new URL("expected.json", folder), "utf8")) as { cases: readonly Case[] };
const expected = read("expected.bin");
const bytesOf = ({ at, bytes }: Case) => expected.slice(at, at + bytes);
const gridCase = (name: string) => cases.find(({ grid }) => grid === name) as Case;
const gridOf = (name: string): Tensor => {
  const found = gridCase(name);
  return tensor(new Float32Array(bytesOf(found).buffer)).reshape([...found.shape]);
};

describe("decodeImage", () => {
  test.each(cases.filter(({ file }) => file !== undefined))(
    "given $file as $mode, it has the values of torchvision bit for bit",
    (item) => {
      const image = decodeImage(read(item.file as string), {
        mode: item.mode ?? "unchanged",
        applyExifOrientation: item.exif ?? false,
      });
      const bytes = bytesOf(item);
      const isDeep = item.bytes === 2 * item.shape.reduce((a, b) => a * b, 1);
      expect([...image.shape]).toEqual(item.shape);
      expect(image.dtype).toBe(isDeep ? "int32" : "uint8");
      expect([...image.toTypedArray()]).toEqual([...(isDeep ? new Uint16Array(bytes.buffer) : bytes)]);
    },
  );

  test("given a JPEG or PNG cut anywhere, it throws FormatError and never hangs", () => {
    for (const name of ["progressive-420.jpg", "s420.jpg", "restarts.jpg", "rgb.png"]) {
      const whole = read(name);
      // A file without its end marker only is whole but for that; it still counts as cut.
      for (let length = 0; length < whole.length - 1; length += 13) {
        expect(() => decodeImage(whole.slice(0, length)), `${name} of ${length} bytes`).toThrow(
          /^decodeImage: the image /,
        );
      }
    }
  });

  test("given bytes changed at random places, it gives an image or a FormatError", () => {
    let seed = 1;
    const random = (below: number) => {
      seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
      return seed % below;
    };
    for (let round = 0; round < 150; round++) {
      const name = ["progressive-420.jpg", "s422.jpg", "palette.png"][round % 3] as string;
      const bytes = read(name);
      for (let k = 0; k < 3; k++) bytes[2 + random(bytes.length - 2)] = random(256);
      try {
        decodeImage(bytes);
      } catch (error) {
        expect((error as Error).name, (error as Error).stack).toBe("FormatError");
      }
    }
  });

  test("given another kind of file or a wrong mode, the error says what it begins with and what there is", async () => {
    expect(() => decodeImage(Uint8Array.of(0x47, 0x49, 0x46, 0x38))).toThrow(
      "decodeImage: the image is neither a PNG nor a JPEG file: it begins with 47 49 46 38",
    );
    expect(() => decodeImage(read("rgb.png"), { mode: "RGB" as never })).toThrow('did you mean "rgb"?');
    await expect(readImage("/nowhere/x.png")).rejects.toThrow("readImage: cannot read /nowhere/x.png");
  });
});

describe("saving", () => {
  let place: string;
  beforeAll(() => {
    place = mkdtempSync(join(tmpdir(), "gradus-images-"));
  });
  afterAll(() => rmSync(place, { recursive: true }));

  test.each([1, 2, 3, 4])("given %i channels, a decoded PNG is the image", (channels) => {
    const image = tensor(Uint8Array.from({ length: channels * 20 }, (_, i) => (i * 37) % 256)).reshape([
      channels,
      4,
      5,
    ]);
    const again = decodeImage(encodePng(image));
    expect([...again.shape]).toEqual([channels, 4, 5]);
    expect(again.toArray()).toEqual(image.toArray());
  });

  test("given values from 0 to 1, saveImage rounds and clamps them", async () => {
    const file = join(place, "a", "grid.png");
    await saveImage(tensor([[[0, 0.5, 1, -1, 2]]]), file);
    const { width, height, data } = PNG.sync.read(readFileSync(file));
    expect([width, height, [...data].filter((_, i) => i % 4 === 0)]).toEqual([5, 1, [0, 128, 255, 0, 255]]);
    expect((await readImage(file)).shape[0]).toBe(3);
    await expect(saveImage(tensor([[0]]), join(place, "x.gif"))).rejects.toThrow(
      "saveImage: writes PNG and JPEG files",
    );
  });

  test("given a stack, makeGrid is torchvision's", () => {
    const images = gridOf("input");
    const close = (grid: Tensor, name: string) => {
      expect([...grid.shape]).toEqual(gridCase(name).shape);
      // A subtraction and a quotient in float32, of values in [0, 1].
      expect(grid.sub(gridOf(name)).abs().max().item()).toBeLessThanOrEqual(2 ** -23);
    };
    close(makeGrid(images, { nrow: 3, padding: 1, padValue: 0.5 }), "plain");
    close(makeGrid(images, { normalize: true, valueRange: [0.25, 0.5] }), "range");
    close(makeGrid(images.at(":", "0:1"), { normalize: true, scaleEach: true, nrow: 4 }), "each");
    expect([...makeGrid(images.at(0)).shape]).toEqual([3, 4, 5]);
  });
});

describe("encodeJpeg", () => {
  test.each(cases.filter(({ encode }) => encode !== undefined))(
    "given $encode as $mode at quality $quality, it writes torchvision's file, byte for byte",
    ({ encode, mode, quality, ...place }) => {
      const image = decodeImage(read(encode as string), { mode: mode as ImageMode });
      const bytes = encodeJpeg(image, { quality: quality as number });
      expect(Buffer.from(bytes).toString("hex")).toBe(Buffer.from(bytesOf({ ...place })).toString("hex"));
      expect(decodeImage(bytes).shape).toEqual(image.shape);
    },
  );

  test("given no quality, it is 75", () => {
    const image = decodeImage(read("rgb.png"));
    expect(encodeJpeg(image)).toEqual(encodeJpeg(image, { quality: 75 }));
  });

  test("given wrong qualities, dtypes and shapes, throws and says what to do", () => {
    const image = decodeImage(read("rgb.png"));
    for (const quality of [0, 101, 7.5]) {
      expect(() => encodeJpeg(image, { quality })).toThrow(
        `encodeJpeg: quality must be an integer from 1 to 100, got ${quality}`,
      );
    }
    expect(() => encodeJpeg(image.to("float32"))).toThrow(
      "encodeJpeg: the image must be uint8, got float32; saveImage takes values from 0 to 1, or multiply by 255",
    );
    expect(() => encodeJpeg(decodeImage(read("rgba.png")))).toThrow(
      "encodeJpeg: the image must be [C,H,W] with 1 or 3 channels, got [4,9,13]",
    );
  });
});

describe("writeJpeg and writePng", () => {
  const place = mkdtempSync(join(tmpdir(), "gradus-images-"));
  afterAll(() => rmSync(place, { recursive: true }));

  test("given a file, it holds the encoded image; saveImage takes either kind by its name", async () => {
    const image = decodeImage(read("rgb.png"));
    await writeJpeg(image, join(place, "a.jpg"), { quality: 40 });
    expect(new Uint8Array(readFileSync(join(place, "a.jpg")))).toEqual(encodeJpeg(image, { quality: 40 }));
    await writePng(image, join(place, "a.png"));
    expect((await readImage(join(place, "a.png"))).toArray()).toEqual(image.toArray());
    await saveImage(image.to("float32").div(255), join(place, "b.jpeg"));
    expect(new Uint8Array(readFileSync(join(place, "b.jpeg")))).toEqual(encodeJpeg(image));
  });

  test("given a file in place of the folder, throws FormatError", async () => {
    const image = decodeImage(read("rgb.png"));
    await writePng(image, join(place, "none"));
    await expect(writeJpeg(image, join(place, "none", "a.jpg"))).rejects.toThrow("writeJpeg: ");
    await expect(writePng(image, join(place, "none", "a.png"))).rejects.toThrow("writePng: ");
  });
});
