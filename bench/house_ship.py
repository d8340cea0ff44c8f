"""Makes the folder of the house model in the package: weights in 8 bits, human reference, index, and the table of its pieces.

Refuses weights of other music than that of `bench/house_corpus.py`, and what is larger than a wheel should be.

python bench/house_ship.py RUN CORPUS SOURCES [--out FOLDER]    # SOURCES: the table that bench/house_corpus.py wrote
"""

from __future__ import annotations

import argparse
import gzip
from pathlib import Path

from partimento.analysis.human_reference import PACKED_FILE, REFERENCE_FILE, Reference, beside
from partimento.corpus import Corpus
from partimento.models.attribution import SOURCES_FILE, check_shipped
from partimento.models.checkpoint import Checkpoint
from partimento.models.export import export
from partimento.models.shipped import HOUSE, SHIPPED
from partimento.models.whereabouts import FILE_NAME

MOST_BYTES = 15_000_000  # of the weights and the human reference


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("sources", type=Path)
    parser.add_argument("--out", type=Path, default=SHIPPED[HOUSE].folder)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    export(options.run, options.out / FILE_NAME, bits=8)
    (options.out / SOURCES_FILE).write_bytes(gzip.compress(options.sources.read_bytes(), mtime=0))
    check_shipped(options.out, SHIPPED[HOUSE].fingerprint)
    if beside(options.out, Checkpoint.load(options.out).metadata) is None:  # one of this corpus stays
        Reference.of(Corpus.open(options.corpus), light=True).save(options.out, light=True)
    sizes = {name: (options.out / name).stat().st_size for name in (FILE_NAME, REFERENCE_FILE, PACKED_FILE, SOURCES_FILE)}
    for name, size in sizes.items():
        print(f"{name}: {size / 1e6:.2f} MB")
    if sizes[FILE_NAME] + sizes[REFERENCE_FILE] > MOST_BYTES:
        raise SystemExit(f"{MOST_BYTES / 1e6:.0f} MB is the most for the weights and the reference")


if __name__ == "__main__":
    main()
