"""The bench's networks in PyTorch, for the same rows as `dotnet run ... -- networks` and `-- gpu`.

    python3 tests/Benchmarks/pytorch/bench.py --network ddpm-128 --mode compiled-bf16 --device cuda

Without --network the three of `networks`; without --mode eager in float32, and on CUDA also compiled in bf16.
"""
import argparse
import collections
import contextlib
import json
import os
import statistics
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

from adm import AdmUnet
from ddpm import DdpmUnet
from layers import DenoisingUnet, FullAttention, LinearAttention, Named, PreNorm, RMSNorm, WeightStandardizedConv2d

TIMESTEPS, DRAWN_STEPS, EMA_DECAY = 1000, 25, 0.995


def lucidrains(dim, multipliers):
    def attention(width, lowest):
        return FullAttention(width, RMSNorm, 4) if lowest else LinearAttention(width, RMSNorm, RMSNorm, 4)
    return DenoisingUnet(dim, multipliers, 3, 7, 8, nn.Conv2d, attention, lambda width: FullAttention(width, RMSNorm, 4))


def annotated():
    def attention(width, _):
        return Named(PreNorm(width, LinearAttention(width, lambda channels: nn.GroupNorm(1, channels))))
    return DenoisingUnet(64, [1, 2, 4], 3, 1, 4, WeightStandardizedConv2d, attention, lambda width: Named(PreNorm(width, FullAttention(width))))


# How a network is made, its batch, height and width of its images, and how many are drawn at once.
Case = collections.namedtuple("Case", "make batch size drawn")
NETWORKS = {
    "lucidrains": Case(lambda: lucidrains(32, [1, 2, 4]), 8, 32, 16),
    "annotated": Case(annotated, 16, 32, 16),
    "ddpm": Case(lambda: DdpmUnet(64, [1, 2, 2], [False, True, False], 3), 8, 32, 16),
    "adm": Case(lambda: AdmUnet(32, [1, 2], 1, [False, True], 16, 3), 8, 16, 16),
    "ddpm-128": Case(lambda: DdpmUnet(128, [1, 2, 2, 2], [False, True, False, False], 3), 128, 32, 64),
    "lucidrains-64": Case(lambda: lucidrains(64, [1, 2, 4, 8]), 32, 64, 32),
    "adm-192": Case(lambda: AdmUnet(192, [1, 2, 3, 4], 3, [False, True, True, True], 64, 3), 16, 64, 16),
}
USUAL = ["lucidrains", "annotated", "ddpm"]
MODES = ["eager-float32", "eager-tf32", "eager-bf16", "compiled-bf16"]
ROWS = ["forward", "drawing", "step"]


class Workload:
    """A network at work as a careful user has it: channels last where tensor cores compute, fused Adam, averages by one call, pinned memory."""

    def __init__(self, case, device, mode):
        torch.manual_seed(0)
        self.case, self.device, self.cuda = case, device, device == "cuda"
        self.bf16 = mode.endswith("bf16")
        self.format = torch.contiguous_format if mode.endswith("float32") else torch.channels_last
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = not mode.endswith("float32")
        torch.backends.cudnn.benchmark = True
        self.network = case.make().to(device)
        # The convolutions alone: torch.compile 2.11 fails in the backward pass of a gain [1, channels, 1, 1] that is channels last.
        for module in self.network.modules():
            if isinstance(module, nn.Conv2d):
                module.to(memory_format=self.format)
        # dynamic=False: each batch is compiled for its own size.
        self.called = torch.compile(self.network, dynamic=False) if mode.startswith("compiled") else self.network
        self.alphas_cumprod = (1 - torch.linspace(1e-4, 0.02, TIMESTEPS, dtype=torch.float64)).cumprod(0).float().to(device)
        shape = (case.batch, 3, case.size, case.size)
        batch = [torch.rand(shape) * 2 - 1, torch.randn(shape), torch.randint(0, TIMESTEPS, (case.batch,))]
        self.batch = [tensor.pin_memory() if self.cuda else tensor for tensor in batch]
        _, self.noise, self.timesteps = self.on_device()
        self.optimizer = self.averages = None

    def on_device(self):
        return [tensor.to(self.device, non_blocking=True) for tensor in self.batch]

    def predict(self, x, timesteps):
        x = x.contiguous(memory_format=self.format)
        if not self.bf16:
            return self.called(x, timesteps)
        with torch.autocast(self.device, torch.bfloat16):
            return self.called(x, timesteps).float()

    def step(self):
        parameters = list(self.network.parameters())
        if self.optimizer is None:
            self.optimizer = torch.optim.Adam(parameters, lr=1e-4, betas=(0.9, 0.99), **({"fused": True} if self.cuda else {}))
            self.averages = [p.detach().clone() for p in parameters]
        images, noise, t = self.on_device()
        signal = self.alphas_cumprod[t][:, None, None, None]
        self.optimizer.zero_grad(set_to_none=True)
        loss = F.mse_loss(self.predict(signal.sqrt() * images + (1 - signal).sqrt() * noise, t), noise)
        loss.backward()
        self.optimizer.step()
        with torch.no_grad():
            if hasattr(torch, "_foreach_lerp_"):
                torch._foreach_lerp_(self.averages, parameters, 1 - EMA_DECAY)
            else:
                for average, p in zip(self.averages, parameters):
                    average.lerp_(p, 1 - EMA_DECAY)
        return loss.item()

    def forget_training(self):
        """What only training needs isn't there before a row needs it: a row's peak is its own."""
        self.optimizer = self.averages = None
        self.network.zero_grad(set_to_none=True)

    @torch.no_grad()
    def forward(self):
        self.predict(self.noise, self.timesteps)

    @torch.no_grad()
    def drawing(self):
        drawn, schedule = self.case.drawn, self.alphas_cumprod.tolist()
        x = torch.randn(drawn, 3, self.case.size, self.case.size, device=self.device)
        times = [TIMESTEPS * i // DRAWN_STEPS - 1 for i in range(DRAWN_STEPS, -1, -1)]
        for now, after in zip(times, times[1:]):
            a = schedule[now]
            noise = self.predict(x, torch.full((drawn,), now, device=self.device))
            clean = ((x - (1 - a) ** 0.5 * noise) / a ** 0.5).clamp(-1, 1)
            if after < 0:
                return clean
            noise, b = (x - a ** 0.5 * clean) / (1 - a) ** 0.5, schedule[after]
            x = b ** 0.5 * clean + (1 - b) ** 0.5 * noise


@contextlib.contextmanager
def turn(file):
    """Waits for this process's turn, where several share a file."""
    if file is None:
        yield
        return
    import fcntl
    with open(file, "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def measure(work, row, repeats):
    """Seconds of one execution, the median, and the GPU's peak memory in bytes."""
    call, executions = getattr(work, row), 1 if row == "drawing" else 4

    def reading():
        start = time.perf_counter()
        for _ in range(executions):
            call()
        if work.cuda:
            torch.cuda.synchronize()
        return (time.perf_counter() - start) / executions

    memory = {}
    if work.cuda:
        torch.cuda.synchronize()
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    reading()
    seconds = statistics.median(reading() for _ in range(max(1, repeats // 3) if row == "drawing" else repeats))
    if work.cuda:
        free, total = torch.cuda.mem_get_info()
        memory = {"peak_allocated": torch.cuda.max_memory_allocated(), "peak_reserved": torch.cuda.max_memory_reserved(), "device_used": total - free}
    return seconds, memory


def profile(work, lock, steps=3, shown=25):
    """Prints what three training steps spent the GPU's time on, kernel by kernel; on the CPU operator by operator."""
    from torch.profiler import ProfilerActivity, profile as record
    for _ in range(3):
        work.step()
    activities = [ProfilerActivity.CPU] + ([ProfilerActivity.CUDA] if work.cuda else [])
    with turn(lock):
        start = time.perf_counter()
        with record(activities=activities) as recorded:
            for _ in range(steps):
                work.step()
        wall = time.perf_counter() - start
    times, calls = collections.Counter(), collections.Counter()
    for event in recorded.events():
        if not work.cuda:
            times[event.name] += event.self_cpu_time_total
            calls[event.name] += 1
        # Annotations span kernels, which are counted by themselves.
        elif "CUDA" in str(event.device_type) and not getattr(event, "is_user_annotation", False) and not event.name.startswith(("Optimizer.", "## ")):
            times[event.name] += event.time_range.elapsed_us()
            calls[event.name] += 1
    total = sum(times.values())
    print(f"\n{steps} steps: {1e3 * wall:.1f} ms by the clock with the profiler, {total / 1e3:.1f} ms in {sum(calls.values())} kernels\n\n| ms | % | calls | kernel |\n|---|---|---|---|")
    for name, microseconds in times.most_common(shown):
        print(f"| {microseconds / 1e3:.2f} | {100 * microseconds / total:.1f} | {calls[name]} | `{name[:150]}` |", flush=True)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--network", choices=NETWORKS)
    options.add_argument("--mode", choices=MODES)
    options.add_argument("--rows", default=",".join(ROWS), help="of step, forward, drawing, with commas between")
    options.add_argument("--batch", type=int, help="of steps and passes; at most so many are drawn")
    options.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    options.add_argument("--threads", type=int, default=os.cpu_count())
    options.add_argument("--repeats", type=int, default=9)
    options.add_argument("--lock", help="a file: who holds it takes readings, while others that share it may compile")
    options.add_argument("--ready", help="a file that is made once everything is compiled, before the turn is waited for")
    options.add_argument("--out", help="a file to which each result is appended as a line of JSON")
    options.add_argument("--profile", action="store_true", help="instead of rows: the kernels of three training steps")
    given = options.parse_args()
    rows = given.rows.split(",")
    if unknown := set(rows) - set(ROWS):
        options.error(f"there is no row {unknown.pop()!r}")
    if (given.mode or "").endswith("bf16") and given.device == "cpu" and torch.__version__.startswith("1."):
        options.error("bf16 on the CPU needs PyTorch 2: before, its norms take no float32 weights there")
    torch.set_num_threads(given.threads)
    where = torch.cuda.get_device_name() if given.device == "cuda" else f"{given.threads} threads"
    print(f"PyTorch {torch.__version__}, {where}")
    if not given.profile:
        print("\n| | | seconds | images/s | peak GPU memory: allocated, reserved, of the device in use, MiB |\n|---|---|---|---|---|")
    for name in [given.network] if given.network else USUAL:
        case = NETWORKS[name]
        if given.batch:
            case = case._replace(batch=given.batch, drawn=min(case.drawn, given.batch))
        for mode in [given.mode] if given.mode else ["eager-float32"] + (["compiled-bf16"] if given.device == "cuda" else []):
            work = Workload(case, given.device, mode)
            if given.profile:
                print(f"\n{name}, {mode}, batch {case.batch}")
                profile(work, given.lock)
                continue
            chosen = [row for row in ROWS if row in rows]
            # Compiles, and tries cuDNN's algorithms: others may take their readings meanwhile.
            for row in chosen:
                getattr(work, row)()
            work.forget_training()
            if given.ready:
                open(given.ready, "w").close()
            with turn(given.lock):
                for row in chosen:
                    seconds, memory = measure(work, row, given.repeats)
                    images = case.drawn if row == "drawing" else case.batch
                    mebibytes = ", ".join(f"{size / 2 ** 20:.0f}" for size in memory.values())
                    print(f"| {name}, {mode} | {row}, {images} images | {seconds:.4f} | {images / seconds:.1f} | {mebibytes} |", flush=True)
                    if given.out:
                        result = {"network": name, "side": "pytorch", "mode": mode, "row": row, "images": images, "seconds": seconds, "images_per_second": images / seconds}
                        with open(given.out, "a") as out:
                            out.write(json.dumps({**result, **memory, "device": where, "torch": torch.__version__}) + "\n")


if __name__ == "__main__":
    main()
