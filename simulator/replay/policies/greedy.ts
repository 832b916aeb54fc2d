/**
 * The greedy family: every candidate on every server by believed finish, warm model known. They differ in
 * margins, in a price on GPU seconds and in whose times they know.
 */
import type { FleetView, PendingJob, Placement, PolicyContext, PolicyDefinition } from '../types';
import { type Margins, NO_MARGINS, type Option, best, optionsOf } from './options';
import { SmoothedGap } from './smoothed-gap';

/** Quality that a GPU second costs when the fleet is exactly used up by it (fleet speed x mean gap). */
const PRICE = 0.15;
/** Time 25 % and memory 10 % above belief. */
const SAFE_MARGINS: Margins = { time: 1.25, vram: 1.1 };

interface GreedyKind {
	margins: Margins;
	priced: boolean;
}

/** The best by `score` of what meets the deadline, else what finishes first. */
function choose(
	job: PendingJob,
	view: FleetView,
	margins: Margins,
	score: (option: Option) => number,
): Placement | null {
	const options = optionsOf(job, view, margins);
	const span = job.deadlineAtSeconds - view.nowSeconds;
	const inTime = options.filter((option) => option.finishSeconds <= span);
	const chosen = best(inTime, score) ?? best(options, (option) => -option.finishSeconds);
	return chosen && { candidate: chosen.candidate, serverIndex: chosen.server.index };
}

/** Quality first, then the earlier finish: finishes are far below 10^6 s apart. */
function qualityThenFinish(option: Option): number {
	return option.candidate.quality - option.finishSeconds * 1e-9;
}

export function greedyPolicy({ margins, priced }: GreedyKind): PolicyDefinition['create'] {
	return ({ fleetSpeed }: PolicyContext) => {
		const gap = new SmoothedGap();
		return {
			kind: 'commit',
			decide(job, view) {
				const meanGap = gap.next(view.nowSeconds);
				const secondsPerJob = fleetSpeed * Math.max(meanGap ?? Infinity, 1e-3);
				return choose(job, view, margins, (option) => {
					if (!priced) return qualityThenFinish(option);
					const gpuSeconds = option.loadSeconds + option.runSeconds;
					return qualityThenFinish(option) - (PRICE * gpuSeconds) / secondsPerJob;
				});
			},
		};
	};
}

export const greedy: PolicyDefinition = {
	name: 'greedy',
	summary:
		'Best quality that meets the deadline by mean times, warm model known; else the earliest.',
	knows: 'beliefs',
	learns: false,
	create: greedyPolicy({ margins: NO_MARGINS, priced: false }),
};

export const greedyMargins: PolicyDefinition = {
	name: 'greedy-margins',
	summary: 'The same with safety margins: time +25 %, VRAM +10 %.',
	knows: 'beliefs',
	learns: false,
	create: greedyPolicy({ margins: SAFE_MARGINS, priced: false }),
};

export const greedyPriced: PolicyDefinition = {
	name: 'greedy-priced',
	summary: 'The same with margins and a price on GPU seconds that follows the arrivals.',
	knows: 'beliefs',
	learns: false,
	create: greedyPolicy({ margins: SAFE_MARGINS, priced: true }),
};

/** A reference that can be reached only by knowing the future; not an upper bound, because it is greedy. */
export const clairvoyant: PolicyDefinition = {
	name: 'clairvoyant',
	summary: "The priced rule with every job's true times and memory; a reference, not a bound.",
	knows: 'truth',
	learns: false,
	create: greedyPolicy({ margins: NO_MARGINS, priced: true }),
};
