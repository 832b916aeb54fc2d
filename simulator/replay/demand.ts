/** How fast jobs have lately arrived: what a caller would hand to the router as `demand`. */
import type { Demand } from '../../lib/selection/types';
import { deadlineClass, MOST_KINDS } from '../../lib/residency/demand';
import type { PendingJob, TraceJob } from './types';

/** Arrivals fade with this time constant. */
const MEMORY_SECONDS = 300;
/** Weight of the newest finished job in the mean of GPU seconds. */
const NEWEST_SHARE = 0.05;

/** What was asked for fades more slowly: kinds are many and come seldom. */
const KINDS_MEMORY_SECONDS = 1800;

interface SeenKind {
	asked: TraceJob;
	weight: number;
	updatedAt: number;
}

export interface SeenShare {
	/** Its arrival means nothing. */
	asked: TraceJob;
	share: number;
}

export class DemandMeter {
	readonly #kinds = new Map<string, SeenKind>();
	#weight = 0;
	#updatedAt = 0;
	#firstAt: number | null = null;
	#gpuSeconds: number | null = null;

	arrived(job: PendingJob, nowSeconds: number): void {
		const span = deadlineClass(job.deadlineAtSeconds - job.arrivedAtSeconds);
		const asked = {
			...job.trace,
			arrivalSeconds: 0,
			deadlineSeconds: span,
			// the usage log knows no floors, and demand is nobody's
			minQuality: 0,
			userId: null,
		};
		const key = JSON.stringify(asked);
		const kind = this.#kinds.get(key) ?? { asked, weight: 0, updatedAt: nowSeconds };
		kind.weight = fadedKind(kind, nowSeconds) + 1;
		kind.updatedAt = nowSeconds;
		this.#kinds.set(key, kind);
		this.#firstAt ??= nowSeconds;
		this.#weight = this.#faded(nowSeconds) + 1;
		this.#updatedAt = nowSeconds;
	}

	finished(gpuSeconds: number): void {
		this.#gpuSeconds =
			this.#gpuSeconds === null
				? gpuSeconds
				: this.#gpuSeconds + NEWEST_SHARE * (gpuSeconds - this.#gpuSeconds);
	}

	/** Unbiased also when the observation is shorter than the memory. */
	read(nowSeconds: number): Demand {
		if (this.#firstAt === null) return { arrivals_per_second: 0 };
		const observed = Math.max(nowSeconds - this.#firstAt, MEMORY_SECONDS / 10);
		const window = MEMORY_SECONDS * (1 - Math.exp(-observed / MEMORY_SECONDS));
		return {
			arrivals_per_second: this.#faded(nowSeconds) / window,
			...(this.#gpuSeconds === null ? {} : { gpu_seconds_per_job: this.#gpuSeconds }),
		};
	}

	/** What jobs asked for, and how many they were; the most frequent kinds. */
	kinds(nowSeconds: number): SeenShare[] {
		return [...this.#kinds.values()]
			.map((kind) => ({ asked: kind.asked, share: fadedKind(kind, nowSeconds) }))
			.sort((a, b) => b.share - a.share)
			.slice(0, MOST_KINDS);
	}

	#faded(nowSeconds: number): number {
		return this.#weight * Math.exp(-(nowSeconds - this.#updatedAt) / MEMORY_SECONDS);
	}
}

function fadedKind({ weight, updatedAt }: SeenKind, nowSeconds: number): number {
	return weight * Math.exp(-(nowSeconds - updatedAt) / KINDS_MEMORY_SECONDS);
}
