/**
 * The levers of deciding late, with their defaults. Not part of the package's interface: the benchmark switches them
 * off one by one to see what each is worth.
 */
import { MOST_LOAD } from '../load-price';

export interface DispatchTuning {
	/** What a finished job is worth beside its quality, so that deadlines are not traded for a little quality. */
	onTimeWorth: number;
	/** Displacing what is resident costs this many of its loads: bringing it back, and half as much for the next job. */
	evictionFactor: number;
	/** Share of that where another server holds the same weights. */
	duplicateShare: number;
	/** Factor on the price that jobs still to come are expected to pay; 0: GPU time is free. */
	demandPrice: number;
	/** Load up to which that price grows: what has arrived beyond it waits here, and the prices on top see to it. */
	mostLoad: number;
	/** That price follows how many servers are idle. */
	scarcity: boolean;
	/**
	 * What a second of waiting costs where nobody tells the demand, as a share of one of GPU time: an idle server is used
	 * where a job would wait more than 3.5 of its loads for another. Without it half a fleet would stand beside a long list.
	 */
	delayShare: number;
	/** Prices tried on top of it, as quality per typical run of a job. */
	priceSteps: readonly number[];
	/** How far down a lane a job may be pulled to the front; 0: strictly by deadline. */
	lookAhead: number;
	/** Waiting time, in spans from asking to deadline, after which a job goes first. */
	agedSpans: number;
	/**
	 * The same, after which none that came later is started before it where it can run. Not sooner: jobs in the order they
	 * came load a model for each, which makes more of them late.
	 */
	starvingSpans: number;
	/** Options that fit only if the prediction of their memory is exact count only where there is no other. */
	memoryMargin: boolean;
	/** One job on an idle fleet is decided as `select` does. */
	loneAsSelect: boolean;
}

export const DEFAULT_TUNING: DispatchTuning = {
	onTimeWorth: 0.5,
	evictionFactor: 1.5,
	duplicateShare: 0.2,
	demandPrice: 1,
	mostLoad: MOST_LOAD,
	scarcity: true,
	delayShare: 0.4,
	priceSteps: [0, 0.05, 0.1, 0.2, 0.35, 0.6, 1, 1.6],
	lookAhead: 16,
	agedSpans: 2,
	// a quarter less than the bound of 3: a start may have to wait for the last moments of a run
	starvingSpans: 2.75,
	memoryMargin: true,
	loneAsSelect: true,
};
