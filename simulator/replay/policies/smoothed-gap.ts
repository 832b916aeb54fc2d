/** Mean gap between arrivals, smoothed over calls: how policies without a caller's `demand` see the load. */

/** Weight of the newest gap. */
const NEWEST_SHARE = 0.1;

export class SmoothedGap {
	#last: number | null = null;
	#mean: number | null = null;

	/** @returns the smoothed gap in seconds; null until two calls were seen */
	next(nowSeconds: number): number | null {
		if (this.#last !== null) {
			const gap = nowSeconds - this.#last;
			this.#mean = this.#mean === null ? gap : this.#mean + NEWEST_SHARE * (gap - this.#mean);
		}
		this.#last = nowSeconds;
		return this.#mean;
	}
}
