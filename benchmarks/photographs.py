"""Does the encoder find the catalogue's subjects in photographs? `python -m benchmarks.photographs
FOLDER`.

FOLDER holds pictures as `<motif>/<picture>`, a motif being a scene of the drawn catalogue (cat,
guitar, lighthouse …), and may hold `other/<picture>`: pictures of what the catalogue does not show.
No picture is in this repository. A folder can be gathered from Debian's packages, unpacked and not
installed:

    apt-get download tuxpaint-stamps-default scratch opencv-doc gcompris-qt-data
    for package in *.deb; do dpkg -x $package .; done

`usr/share/tuxpaint/stamps` has instruments, balls, boats, planets, animals and vehicles on a clear
ground (and fruit, flowers, tools for `other`); `usr/share/scratch/Media/Backgrounds` has courts,
fields, a wave and rooms; opencv-doc's `examples/data` a football match and traffic; gcompris's
resource files a cat, a dog, a macaw, drums, Saturn and monuments. scikit-image's wheel from PyPI
has a cat, a cup of coffee and a rocket.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from mealrec.data.clips import read_held_out
from mealrec.errors import DataFormatError
from mealrec.evaluation.encoder_quality import votes
from mealrec.evaluation.planted import read_truth
from mealrec.features.encoder import VisualEncoder, open_encoder
from mealrec.features.store import FeatureStore
from mealrec.features.tensors import Normalisation
from mealrec.recommender.uploads import ALIKE

OTHER = "other"
ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".gif")
NEIGHBOURS, SHOWN, LARGEST = 15, 3, 640


def read_picture(path: Path) -> np.ndarray:
    """Return a picture [H, W, 3] uint8, at most LARGEST a side; what is clear in it is white."""
    picture = Image.open(path).convert("RGBA")
    picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert(
        "RGB"
    )
    picture.thumbnail((LARGEST, LARGEST))
    return np.asarray(picture)


def encode_pictures(encoder: VisualEncoder, paths: list[Path]) -> Tensor:
    """Return the feature [M, V'] of each picture, as of a clip that shows nothing else."""
    rows = [
        encoder.encode([np.repeat(read_picture(path)[None], encoder.num_frames, 0)])[1][0]
        for path in paths
    ]
    return torch.from_numpy(np.stack(rows))


def recognised(likeness: Tensor, motifs: list[str], shown: list[str]) -> dict[str, object]:
    """Return how many of M pictures have their motif first, and among the first three; likeness
    [M, motifs]."""
    best = [
        [motifs[index] for index in row] for row in likeness.topk(SHOWN, dim=1).indices.tolist()
    ]
    return {
        "first": sum(row[0] == motif for row, motif in zip(best, shown, strict=True)),
        "among_three": sum(motif in row for row, motif in zip(best, shown, strict=True)),
        "of": len(shown),
    }


def measure(encoder: VisualEncoder, store: FeatureStore, data: Path, folder: Path) -> dict:
    """Return what the nearest motif means and the nearest frames say, and how many pictures
    resemble the catalogue."""
    paths = [path for path in sorted(folder.glob("*/*")) if path.suffix.lower() in ENDINGS]
    if not paths:
        raise DataFormatError(f"{folder} holds no pictures: gather some as <motif>/<picture>.")
    truth, held_out = read_truth(data), read_held_out(data)
    seen = np.array([item not in held_out for item in store.item_ids])
    normalisation = Normalisation.fit(store, seen)
    shown = [
        truth.motifs_at(item, times)
        for item, times in zip(store.item_ids, store.times_s, strict=True)
    ]
    motifs, labels = np.unique(np.array(shown)[seen], return_inverse=True)
    one_hot = functional.one_hot(torch.from_numpy(labels.flatten())).float()
    frames = normalisation.visual(torch.tensor(store.frames[seen])).flatten(0, 1)
    frames = functional.normalize(frames, dim=1)
    means = functional.normalize(one_hot.T @ frames, dim=1)
    features = functional.normalize(normalisation.visual(encode_pictures(encoder, paths)), dim=1)
    names = [path.parent.name for path in paths]
    known = torch.tensor([name in motifs for name in names])
    asked, alike = features[known], (features @ frames.T).amax(1) >= ALIKE
    of_known = [name for name in names if name in motifs]
    return {
        "nearest_motif_mean": recognised(asked @ means.T, motifs.tolist(), of_known),
        f"vote_of_{NEIGHBOURS}": recognised(
            votes(asked @ frames.T, one_hot, NEIGHBOURS), motifs.tolist(), of_known
        ),
        "resemble_the_catalogue": {
            "of_its_subjects": f"{int(alike[known].sum())} of {int(known.sum())}",
            "of_others": f"{int(alike[~known].sum())} of {int((~known).sum())}",
        },
    }


def main() -> None:
    """Measure a folder of pictures and print the result as JSON."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks.photographs", description=__doc__.splitlines()[0]
    )
    parser.add_argument(
        "folder", type=Path, help="pictures as <motif>/<picture>, and other/<picture>"
    )
    parser.add_argument("--encoder", default="checkpoints/encoder", help="directory or hub id")
    parser.add_argument(
        "--features", type=Path, default=Path("build/features"), help="that encoder's feature store"
    )
    parser.add_argument(
        "--data", type=Path, default=Path("assets/sample"), help="the drawn catalogue"
    )
    arguments = parser.parse_args()
    encoder = open_encoder(arguments.encoder, "cpu")
    store = FeatureStore.open(arguments.features)
    if store.manifest["encoders"]["video"]["sha256"] != encoder.checksum:
        raise DataFormatError(
            f"{arguments.features} holds another encoder's features: extract them with this one."
        )
    print(json.dumps(measure(encoder, store, arguments.data, arguments.folder), indent=1))


if __name__ == "__main__":
    main()
