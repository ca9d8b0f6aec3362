"""Trains the GPT-2 of this folder on one or many GPUs (or CPUs), as `deno task train` would.

    torchrun --standalone --nproc_per_node=8 train.py
    accelerate launch --multi_gpu --num_processes 8 train.py

Reads run.json (model and training config), initial/ (weights, tokenizer), train.bin and val.bin.
Writes output/: best/ and last/ as Hugging Face folders, log.jsonl, result.json. Started again, it
goes on from output/last. The same data, hyper-parameters, schedule, validation windows and initial
weights; the order of the training windows comes from another random generator.
"""

import argparse
import json
import math
import os
import pathlib
import time

import numpy
import torch
import torch.distributed as dist
import transformers
from torch.nn.functional import cross_entropy
from torch.nn.parallel import DistributedDataParallel

HERE = pathlib.Path(__file__).resolve().parent
HEADER_BYTES = 256 * 4


def learning_rate(step: int, c: dict) -> float:
    peak, low, warmup = c["learningRate"], c["minLearningRate"], c["warmupSteps"]
    if step <= warmup:
        return peak * step / warmup
    start = math.floor(c["steps"] * (1 - c["decayFraction"])) if c["schedule"] == "wsd" else warmup
    share = min(1, max(0, (step - start) / max(1, c["steps"] - start)))
    if c["schedule"] == "constant":
        return peak
    if c["schedule"] == "cosine":
        return low + (peak - low) * (1 + math.cos(math.pi * share)) / 2
    return peak + (low - peak) * share


def stream_windows(tokens: numpy.ndarray, length: int, offset: int = 0) -> numpy.ndarray:
    return offset + length * numpy.arange(max(0, (len(tokens) - 1 - offset) // length))


def document_windows(tokens: numpy.ndarray, length: int, end_of_text: int) -> numpy.ndarray:
    """Windows that start with a document and end in it, if it is long enough for one."""
    last = len(tokens) - 1 - length
    begins = numpy.flatnonzero(tokens == end_of_text)
    ends = numpy.append(begins[1:], len(tokens) - 1)
    starts = []
    for begin, end in zip(begins, ends):
        for start in range(begin, end, length):
            if start <= last:
                starts.append(max(begin, min(start, end - length)))
    return numpy.array(starts)


class Windows:
    """An endless sequence of windows: each epoch takes all once, ordered by seed and epoch."""

    def __init__(self, tokens: numpy.ndarray, length: int, config: dict, end_of_text: int):
        self.tokens, self.length, self.config = tokens, length, config
        self.fixed = None
        if config["windowing"] == "document":
            self.fixed = document_windows(tokens, length, end_of_text)
        # The cut of a stream varies by epoch, so the last window of some is left out.
        count = (len(tokens) - 1) // length - 1 if self.fixed is None else len(self.fixed)
        self.per_epoch = max(1, count)
        self.epoch, self.order = -1, numpy.array([], dtype=int)

    def start(self, index: int) -> int:
        epoch, place = divmod(index, self.per_epoch)
        if epoch != self.epoch:
            random = numpy.random.default_rng([self.config["seed"], epoch])
            starts = self.fixed
            if starts is None:
                offset = int(random.integers(min(self.length, len(self.tokens) - self.length)))
                starts = stream_windows(self.tokens, self.length, offset)
            self.epoch, self.order = epoch, random.permutation(starts)
        return int(self.order[place])

    def rows(self, first: int, count: int) -> torch.Tensor:
        """Windows `first` to `first + count - 1` with their last targets, (count, length + 1)."""
        return at(self.tokens, [self.start(first + i) for i in range(count)], self.length)


def at(tokens: numpy.ndarray, starts: list[int], length: int) -> torch.Tensor:
    rows = [tokens[start : start + length + 1].astype(numpy.int64) for start in starts]
    return torch.from_numpy(numpy.stack(rows))


def validation_rows(tokens: numpy.ndarray, length: int, config: dict) -> torch.Tensor:
    """The windows that `deno task train` validates on."""
    every, batch = stream_windows(tokens, length), config["batchSize"]
    windows = min(len(every), config["evalTokens"] // length)
    wanted = max(1, windows // batch) * batch
    if wanted > len(every):
        return at(tokens, [every[i % len(every)] for i in range(wanted)], length)
    return at(tokens, [every[i * len(every) // wanted] for i in range(wanted)], length)


def read_tokens(path: pathlib.Path) -> numpy.ndarray:
    return numpy.memmap(path, dtype="<u2", mode="r", offset=HEADER_BYTES)


def mean_loss(model, rows: torch.Tensor, device: str) -> torch.Tensor:
    rows = rows.to(device, non_blocking=True)
    with torch.autocast(device.split(":")[0], torch.bfloat16, enabled=device != "cpu"):
        logits = model(input_ids=rows[:, :-1], use_cache=False).logits
    return cross_entropy(logits.flatten(0, 1).float(), rows[:, 1:].flatten())


def parameter_groups(model, weight_decay: float) -> list[dict]:
    """AdamW decays matrices only, as `deno task train` does."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    return [
        dict(params=[p for p in parameters if p.dim() >= 2], weight_decay=weight_decay),
        dict(params=[p for p in parameters if p.dim() < 2], weight_decay=0.0),
    ]


class Trainer:
    def __init__(self, run: dict, output: pathlib.Path, rank: int, world: int, device: str):
        self.run, self.output = run, output
        self.rank, self.world, self.device = rank, world, device
        self.config, self.length = run["train"], run["model"]["n_positions"]
        self.micro_batches = self.config["gradientAccumulation"]
        if self.config["batchSize"] % world:
            raise SystemExit(
                f"Cannot split batchSize {self.config['batchSize']} over {world} processes; "
                f"hand off with a --batch-size that {world} divides"
            )
        self.share = self.config["batchSize"] // world
        self.windows = Windows(read_tokens(HERE / "train.bin"), self.length, self.config, run["endOfText"])
        self.validation = validation_rows(read_tokens(HERE / "val.bin"), self.length, self.config)
        self.step, self.best = 0, math.inf
        resumable = [self.output / name for name in ("last", "last.old")]
        start = next((f for f in resumable if (f / "trainer.pt").exists()), HERE / "initial")
        self.model = transformers.GPT2LMHeadModel.from_pretrained(start, dtype=torch.float32).to(device)
        self.ddp = DistributedDataParallel(self.model) if world > 1 else self.model
        c = self.config
        self.optimizer = torch.optim.AdamW(
            parameter_groups(self.model, c["weightDecay"]),
            lr=c["learningRate"], betas=(c["beta1"], c["beta2"]), eps=c["adamEpsilon"],
        )
        if start in resumable:
            saved = torch.load(start / "trainer.pt", map_location=device)
            self.step, self.best = saved["step"], saved["best"]
            self.optimizer.load_state_dict(saved["optimizer"])
        torch.manual_seed(c["seed"] * 1000003 + self.step * world + rank)  # dropout

    @property
    def tokens_per_step(self) -> int:
        return self.config["batchSize"] * self.micro_batches * self.length

    def train_step(self) -> tuple[float, float]:
        """One optimizer step; mean loss over all processes and gradient norm before clipping."""
        first = self.step * self.config["batchSize"] * self.micro_batches
        self.step += 1
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.step, self.config)
        total = torch.zeros((), device=self.device)
        for micro in range(self.micro_batches):
            mine = first + micro * self.config["batchSize"] + self.rank * self.share
            self.ddp.require_backward_grad_sync = micro == self.micro_batches - 1
            loss = mean_loss(self.ddp, self.windows.rows(mine, self.share), self.device)
            (loss / self.micro_batches).backward()
            total += loss.detach() / self.micro_batches / self.world
        clip = self.config["maxGradNorm"] or math.inf
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), clip)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        if self.world > 1:
            dist.all_reduce(total)
        return total.item(), norm.item()

    @torch.no_grad()
    def validate(self) -> float:
        self.model.eval()
        rows = self.validation.split(self.share)
        total = torch.zeros((), device=self.device)
        for part in rows[self.rank :: self.world]:
            total += mean_loss(self.model, part, self.device) * len(part) / len(self.validation)
        if self.world > 1:
            dist.all_reduce(total)
        self.model.train()
        return total.item()

    def save(self, name: str, **extra) -> None:
        """Beside its place, then renamed: a job that is stopped leaves the old one or the new."""
        if self.rank != 0:
            return
        folder, temporary, old = (self.output / f"{name}{suffix}" for suffix in ("", ".tmp", ".old"))
        self.model.save_pretrained(temporary)
        (temporary / "result.json").write_text(json.dumps(dict(step=self.step, **extra)) + "\n")
        if name == "last":
            state = dict(step=self.step, best=self.best, optimizer=self.optimizer.state_dict())
            torch.save(state, temporary / "trainer.pt")
        remove(old)
        if folder.exists():
            folder.rename(old)
        temporary.rename(folder)
        remove(old)

    def log(self, **entry) -> None:
        if self.rank == 0:
            with (self.output / "log.jsonl").open("a") as file:
                file.write(json.dumps(entry) + "\n")

    def fit(self) -> None:
        self.output.mkdir(parents=True, exist_ok=True)
        self.keep_log_up_to(self.step)
        started, since = time.perf_counter(), self.step
        if self.step == 0:
            self.check(0.0)
        while self.step < self.config["steps"]:
            loss, norm = self.train_step()
            seconds = time.perf_counter() - started
            rate = (self.step - since) * self.tokens_per_step / seconds
            self.log(
                kind="train", step=self.step, tokens=self.step * self.tokens_per_step, loss=loss,
                gradNorm=norm, learningRate=learning_rate(self.step, self.config),
                tokensPerSecond=round(rate),
            )
            last = self.step == self.config["steps"]
            if last or self.step % self.config["evalInterval"] == 0:
                self.check(seconds)
            if last or self.step % self.config["checkpointInterval"] == 0:
                self.save("last", loss=self.best)

    def check(self, seconds: float) -> None:
        loss = self.validate()
        characters = self.run["handoff"]["validationCharacters"]
        bits = loss * self.validation[:, 1:].numel() / math.log(2) / characters
        tokens = self.step * self.tokens_per_step
        self.log(
            kind="validation", step=self.step, tokens=tokens, loss=loss, bitsPerCharacter=bits,
            seconds=round(seconds, 1),
        )
        if loss < self.best:
            self.best = loss
            self.save("best", loss=loss)
        if self.rank == 0:
            print(f"step {self.step}/{self.config['steps']}  validation loss {loss:.4f}", flush=True)

    def keep_log_up_to(self, step: int) -> None:
        path = self.output / "log.jsonl"
        if self.rank == 0 and path.exists():
            lines = [line for line in path.read_text().splitlines() if line.endswith("}")]
            kept = [line for line in lines if json.loads(line)["step"] <= step and step > 0]
            path.write_text("".join(line + "\n" for line in kept))


def remove(folder: pathlib.Path) -> None:
    if folder.exists():
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--cpu", action="store_true", help="do not use GPUs (backend gloo)")
    arguments.add_argument("--output", type=pathlib.Path, default=HERE / "output", metavar="DIR")
    flags = arguments.parse_args()
    cpu = flags.cpu or not torch.cuda.is_available()
    world, rank = int(os.environ.get("WORLD_SIZE", 1)), int(os.environ.get("RANK", 0))
    device = "cpu" if cpu else f"cuda:{os.environ.get('LOCAL_RANK', 0)}"
    if not cpu:
        torch.cuda.set_device(device)
    if world > 1:
        dist.init_process_group("gloo" if cpu else "nccl")
    run = json.loads((HERE / "run.json").read_text())
    trainer = Trainer(run, flags.output, rank, world, device)
    trainer.fit()
    if rank == 0:
        versions = dict(torch=torch.__version__, transformers=transformers.__version__)
        result = dict(processes=world, device="CPU" if cpu else torch.cuda.get_device_name(), versions=versions)
        (trainer.output / "result.json").write_text(json.dumps(result) + "\n")
        print(f"Done; bring it back with: deno task import {HERE}")
    if world > 1:
        dist.destroy_process_group()


if __name__ == "__main__":
    main()
