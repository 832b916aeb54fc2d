/** How fast jobs have lately arrived: what a caller would hand to the router as `demand`. */
import type { Demand } from '../../lib/selection/types';

/** Arrivals fade with this time constant. */
const MEMORY_SECONDS = 300;
/** Weight of the newest finished job in the mean of GPU seconds. */
const NEWEST_SHARE = 0.05;

export class DemandMeter {
	#weight = 0;
	#updatedAt = 0;
	#firstAt: number | null = null;
	#gpuSeconds: number | null = null;

	arrived(nowSeconds: number): void {
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

	#faded(nowSeconds: number): number {
		return this.#weight * Math.exp(-(nowSeconds - this.#updatedAt) / MEMORY_SECONDS);
	}
}
