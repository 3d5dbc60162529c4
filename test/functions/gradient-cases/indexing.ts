// Elements that are chosen or written by indices and masks.
import * as gradus from "gradus";
import { type Cases, index, like, mask } from "./inputs.js";

const reduced = (how: "sum" | "mean" | "prod" | "amax" | "amin"): Cases[string] => [
  (x, y) => gradus.scatterReduce(x, 0, index(0, 1, 0), y, how),
  like(2),
  like(3),
];

export const indexing: Cases = {
  diagonalScatter: [(x, y) => gradus.diagonalScatter(x, y), like(2, 3), like(2)],
  // A row at paddingIdx takes no gradient, which test/conformance compares.
  embedding: [(w) => gradus.embedding(index(0, 2, 0), w), like(3, 2)],
  gather: [(x) => gradus.gather(x, 1, index(0, 2, 0).reshape([1, 3])), like(2, 3)],
  indexAdd: [(x, y) => gradus.indexAdd(x, 0, index(0, 1, 0), y), like(2, 2), like(3, 2)],
  indexCopy: [(x, y) => gradus.indexCopy(x, 0, index(1, 0), y), like(3, 2), like(2, 2)],
  indexFill: [(x, value) => gradus.indexFill(x, 0, index(1), value), like(2, 2), like()],
  indexPut: [(x, y) => gradus.indexPut(x, [index(0, 1), index(1, 0)], y), like(2, 2), like(2)],
  "indexPut accumulate": [
    (x, y) => gradus.indexPut(x, [index(0, 0), index(1, 1)], y, { accumulate: true }),
    like(2, 2),
    like(2),
  ],
  indexSelect: [(x) => gradus.indexSelect(x, 1, index(2, 0, 2)), like(2, 3)],
  maskedScatter: [(x, y) => gradus.maskedScatter(x, mask(true, false, true), y), like(3), like(2)],
  maskedSelect: [(x) => gradus.maskedSelect(x, mask(true, false, true)), like(2, 3)],
  put: [(x, y) => gradus.put(x, index(0, 5), y), like(2, 3), like(2)],
  scatter: [(x, y) => gradus.scatter(x, 0, index(2, 0), y), like(3), like(2)],
  scatterAdd: [(x, y) => gradus.scatterAdd(x, 0, index(0, 1, 0), y), like(2), like(3)],
  "scatterReduce sum": reduced("sum"),
  "scatterReduce mean": reduced("mean"),
  "scatterReduce prod": reduced("prod"),
  "scatterReduce amax": reduced("amax"),
  "scatterReduce amin": reduced("amin"),
  selectScatter: [(x, y) => gradus.selectScatter(x, y, 1, 0), like(2, 2), like(2)],
  sliceScatter: [(x, y) => gradus.sliceScatter(x, y, { dim: 1, start: 0, end: 3, step: 2 }), like(1, 3), like(1, 2)],
  take: [(x) => gradus.take(x, index(0, 5, -1)), like(2, 3)],
  takeAlongDim: [(x) => gradus.takeAlongDim(x, index(1, 0).reshape([2, 1]), 1), like(2, 3)],
};
