// Epochs of a DataLoader over an image folder: what it takes to decode, transform and collate, with and without workers.
import { ready, type Tensor } from "gradus";
import { DataLoader, fromModule } from "gradus/data";

export interface LoadingRequest {
  readonly folder: string;
  readonly batch: number;
  readonly workers: number;
}

/** One epoch; the images of its last batch. */
export async function loading({ folder, batch, workers }: LoadingRequest): Promise<() => Promise<Tensor>> {
  const url = new URL("./photos.ts", import.meta.url);
  const dataset = await fromModule<typeof import("./photos.js"), "photos">(url, "photos", folder);
  const loader = new DataLoader(dataset, {
    batchSize: batch,
    shuffle: true,
    numWorkers: workers,
    persistentWorkers: workers > 0,
  });
  return async () => {
    let last: Tensor | null = null;
    for await (const [images] of loader) {
      await ready(images);
      last = images;
    }
    if (last === null) throw new Error(`no images in ${folder}`);
    return last;
  };
}
