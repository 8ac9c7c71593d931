"""
A trainer as small as one can be: `python trainer.py URL RUN FOLDER STEPS`. Its model is the hash of all it was given so far; a checkpoint of it and of the loader
is written every third step. Each step is a line of JSON, once what it says is durable or may be done again.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path

import orrery_feed

CHECKPOINT_EVERY = 3

url, run, folder, steps = sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4])
checkpoint = folder / "checkpoint.json"


def save(state: dict[str, object]) -> None:
    written = folder / "checkpoint.new"
    with written.open("w") as file:
        json.dump(state, file)
        file.flush()
        os.fsync(file.fileno())
    written.replace(checkpoint)


with orrery_feed.loader(url, run=run, epoch=0, node="trainer", as_numpy=True) as loader:
    step, model, trained = 0, "", []
    if checkpoint.exists():
        state = json.loads(checkpoint.read_text())
        step, model, trained = state["step"], state["model"], state["trained"]
        loader.load_state_dict(state["loader"])
    for batch in loader:
        step += 1
        model = hashlib.sha256(model.encode() + batch["input_ids"].tobytes()).hexdigest()
        trained.append([batch["epoch"], batch["batch"], batch["source"]])
        loader.report(1 + int(model[:4], 16) / 65536)
        if step % CHECKPOINT_EVERY == 0 or step == steps:
            save({"step": step, "model": model, "trained": trained, "loader": loader.state_dict()})
        print(json.dumps({"step": step}), flush=True)
        if step == steps:
            break
