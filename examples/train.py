"""
Trains a small GPT on the batches of a run: `python examples/train.py --feed http://127.0.0.1:8720 --job web --out gpt`.

Killed at any moment, it goes on from its last checkpoint with the batches that came next, in the same order. Losses of each source go to the bridge, whose
weights of the next epoch follow them. On a GPU it is the same program: `--device cuda`, bf16 by itself, `--compile`; `torchrun --nproc-per-node N` trains data
parallel. Needs orrery-feed and PyTorch.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

import torch
from torch import distributed
from torch.nn.parallel import DistributedDataParallel

import orrery_feed
from orrery_feed.gpt import GPT, Size
from report import write_report


def main() -> None:
    options = parse()
    torch.manual_seed(options.seed)
    rank, world = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    device = options.device if options.device != "cuda" or world == 1 else f"cuda:{os.environ['LOCAL_RANK']}"
    if device.startswith("cuda"):
        # Else what waits for the others does so on the first one.
        torch.cuda.set_device(torch.device(device).index or 0)
    if world > 1:
        distributed.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    options.out.mkdir(parents=True, exist_ok=True)
    who = {"node": options.node, "token": os.environ.get("ORRERY_NODE_TOKEN"), "wallet": options.wallet}
    with orrery_feed.loader(options.feed, run=options.job, batch_size=options.batch_size, seq_len=options.seq_len, **who) as feed:
        train(options, feed, device, rank, world)
    if rank == 0:
        print(f"wrote {write_report(options.out)}")
    if world > 1:
        distributed.destroy_process_group()


def train(options: argparse.Namespace, feed: orrery_feed.FeedLoader, device: str, rank: int, world: int) -> None:
    model = GPT(Size(feed.plan.vocabulary, options.width, options.layers, options.heads, feed.plan.row_tokens)).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=options.learning_rate, betas=(0.9, 0.95), weight_decay=0.1, fused=device.startswith("cuda"))
    checkpoint = options.out / "checkpoint.pt"
    log = options.out / f"log-{rank}.jsonl"
    step = resume(checkpoint, log, model, optimizer, feed)

    def save(lines: Any) -> None:
        """The log of each rank reaches as far as the checkpoint at least. There is one for all: their models and their places are the same."""
        lines.flush()
        os.fsync(lines.fileno())
        if world > 1:
            # Losses that are not booked yet are a rank's own, and would not be in it.
            feed.flush()
            distributed.barrier()
        if rank == 0:
            write_checkpoint(checkpoint, {"step": step, "model": model.state_dict(), "optimizer": optimizer.state_dict(), "feed": feed.state_dict()})

    if options.compile:
        model.trunk.compile()
    wrapped = DistributedDataParallel(model) if world > 1 else model
    autocast = torch.autocast(device.split(":")[0], torch.bfloat16, enabled=device.startswith("cuda"))
    began, waited, epoch = time.perf_counter(), feed.waited_seconds, -1
    if step >= options.steps:
        return
    with log.open("a", encoding="utf-8") as lines:
        if step == 0:
            # Of where it began: the next epoch may be open by the time of the first one.
            save(lines)
        for batch in feed:
            step += 1
            if batch["epoch"] != epoch:
                epoch = batch["epoch"]
                write(lines, {"step": step, "epoch": epoch, "plan_id": batch["plan_id"], "weights": feed.plan.weights})
            ids, labels = (batch[name].to(device, non_blocking=True) for name in ("input_ids", "labels"))
            with autocast:
                loss = wrapped(ids, labels)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            value = float(loss.detach())
            feed.report(value)
            about = {name: batch[name] for name in ("epoch", "batch", "repeated", "source")}
            write(lines, {"step": step, **about, "loss": round(value, 4)})
            if step % options.tell_every == 0 and rank == 0:
                share = (feed.waited_seconds - waited) / (time.perf_counter() - began)
                print(json.dumps({"step": step, **about, "loss": round(value, 4), "waiting_share": round(share, 4)}), flush=True)
            if step % options.checkpoint_every == 0 or step >= options.steps:
                save(lines)
            if step >= options.steps:
                break
    if rank == 0:
        seconds = time.perf_counter() - began
        print(json.dumps({"trained": step, "seconds": round(seconds, 2), "waiting_share": round((feed.waited_seconds - waited) / seconds, 4)}), flush=True)


def write(lines: Any, line: dict[str, Any]) -> None:
    lines.write(json.dumps(line) + "\n")


def write_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Whole or not at all, whenever the power goes."""
    written = path.with_suffix(".new")
    with written.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    written.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def resume(path: Path, log: Path, model: GPT, optimizer: torch.optim.Optimizer, feed: orrery_feed.FeedLoader) -> int:
    """The step of the checkpoint; what was done after it is done again, and the log says it once."""
    step = 0
    if path.exists():
        state = torch.load(path, weights_only=True, map_location="cpu")
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        feed.load_state_dict(state["feed"])
        step = int(state["step"])
        print(f"goes on after step {step}", flush=True)
    cut(log, step)
    return step


def cut(log: Path, step: int) -> None:
    """Leaves the lines up to a step; what a killed trainer has written of its last line goes, too."""
    if not log.exists():
        return
    kept = 0
    with log.open("rb") as lines:
        for line in lines:
            if not line.endswith(b"\n") or json.loads(line)["step"] > step:
                break
            kept += len(line)
    os.truncate(log, kept)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feed", default="http://127.0.0.1:8720")
    parser.add_argument("--job", default="web", help="run of the feed; not `--run`, which torchrun takes for its own")
    parser.add_argument("--out", type=Path, default=Path("gpt"), help="folder of checkpoints, logs and the report")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--batch-size", type=int, help="the bridge's own where it is absent, as is --seq-len")
    parser.add_argument("--seq-len", type=int)
    parser.add_argument("--node", default="trainer", help="name at the feed; a credential, where it wants one, is in ORRERY_NODE_TOKEN")
    parser.add_argument("--wallet", help="wallet of btcli by its name, or the file of a hotkey, that it joins by")
    parser.add_argument("--checkpoint-every", type=int, default=20)
    parser.add_argument("--tell-every", type=int, default=10)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--compile", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
