"""Ask whether the encoder finds in photographs what the catalogue shows.

    python -m benchmarks.photographs FOLDER

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

from mealrec.data.catalogue import read_catalogue
from mealrec.errors import DataFormatError
from mealrec.evaluation.encoder_quality import votes
from mealrec.evaluation.planted import read_truth
from mealrec.features.encoder import open_encoder
from mealrec.features.store import FeatureStore
from mealrec.features.tensors import Normalisation
from mealrec.features.visual import VisualEncoder
from mealrec.recommender.uploads import ALIKE

ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".gif")
NEIGHBOURS = 15  # frames that vote for a motif
SHOWN = 3  # motifs of a picture
LARGEST = 640  # pixels a side


def read_picture(path: Path) -> np.ndarray:
    """Return a picture [H, W, 3] uint8, at most LARGEST a side; what is clear in it is white."""
    picture = Image.open(path).convert("RGBA")
    ground = Image.new("RGBA", picture.size, "white")
    picture = Image.alpha_composite(ground, picture).convert("RGB")
    picture.thumbnail((LARGEST, LARGEST))
    return np.asarray(picture)


def encode_pictures(encoder: VisualEncoder, paths: list[Path]) -> Tensor:
    """Return the feature [M, V'] of each picture, as of a clip that shows nothing else."""
    rows = []
    for path in paths:
        clip = np.repeat(read_picture(path)[None], encoder.num_frames, 0)
        _, global_visual = encoder.encode([clip])
        rows.append(global_visual[0])
    return torch.from_numpy(np.stack(rows))


def recognised(likeness: Tensor, motifs: list[str], shown: list[str]) -> dict[str, int]:
    """Return how many of M pictures have their motif first, and among the first three.

    `likeness` [M, motifs]; `shown` is each picture's motif.
    """
    first = 0
    among_three = 0
    best = likeness.topk(SHOWN, dim=1).indices.tolist()
    for row, motif in zip(best, shown, strict=True):
        names = [motifs[index] for index in row]
        if names[0] == motif:
            first += 1
        if motif in names:
            among_three += 1
    return {"first": first, "among_three": among_three, "of": len(shown)}


def measure(encoder: VisualEncoder, store: FeatureStore, data: Path, folder: Path) -> dict:
    """Return what the nearest motifs and frames say, and how many pictures are like the catalogue.

    Raises DataFormatError where the folder holds no picture.
    """
    paths = [path for path in sorted(folder.glob("*/*")) if path.suffix.lower() in ENDINGS]
    if not paths:
        raise DataFormatError(f"{folder} holds no pictures: gather some as <motif>/<picture>.")

    # The motif of every frame that training may see.
    truth = read_truth(data)
    held_out = read_catalogue(data, needs_clicks=False).held_out
    seen = np.array([item not in held_out for item in store.item_ids])
    normalisation = Normalisation.fit(store, seen)
    shown = [
        truth.motifs_at(item, times)
        for item, times in zip(store.item_ids, store.times_s, strict=True)
    ]
    motifs, labels = np.unique(np.array(shown)[seen], return_inverse=True)
    motifs = motifs.tolist()
    one_hot = functional.one_hot(torch.from_numpy(labels.flatten())).float()

    # Frames, motifs' means and pictures along the same axes, all of length 1.
    frames = normalisation.visual(torch.tensor(store.frames[seen])).flatten(0, 1)
    frames = functional.normalize(frames, dim=1)
    means = functional.normalize(one_hot.T @ frames, dim=1)
    features = functional.normalize(normalisation.visual(encode_pictures(encoder, paths)), dim=1)

    # Pictures of what the catalogue shows are asked for their motif, all for their likeness.
    names = [path.parent.name for path in paths]
    known = torch.tensor([name in motifs for name in names])
    of_known = [name for name in names if name in motifs]
    asked = features[known]
    voted = votes(asked @ frames.T, one_hot, NEIGHBOURS)
    alike = (features @ frames.T).amax(1) >= ALIKE
    return {
        "nearest_motif_mean": recognised(asked @ means.T, motifs, of_known),
        f"vote_of_{NEIGHBOURS}": recognised(voted, motifs, of_known),
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

    # Two encoders' features cannot be compared.
    encoder = open_encoder(arguments.encoder, "cpu")
    store = FeatureStore.open(arguments.features)
    if store.manifest["encoders"]["video"]["sha256"] != encoder.checksum:
        raise DataFormatError(
            f"{arguments.features} holds another encoder's features: extract them with this one."
        )
    print(json.dumps(measure(encoder, store, arguments.data, arguments.folder), indent=1))


if __name__ == "__main__":
    main()
