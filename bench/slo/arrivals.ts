/** When jobs arrive: seeded generators of the shapes the benchmark uses. Times in seconds, ascending. */
import { type Random, exponential } from '../../simulator/replay/random';

export interface ArrivalPlan {
	random: Random;
	/** Mean over the whole horizon. */
	perSecond: number;
	horizonSeconds: number;
}

export function poisson({ random, perSecond, horizonSeconds }: ArrivalPlan): number[] {
	const times: number[] = [];
	for (let t = exponential(random, 1 / perSecond); t < horizonSeconds;) {
		times.push(t);
		t += exponential(random, 1 / perSecond);
	}
	return times;
}

/** Thins a Poisson stream of the highest rate to `share(t)`, 0 to 1 of it. */
function thinned(plan: ArrivalPlan, highest: number, share: (t: number) => number): number[] {
	const times = poisson({ ...plan, perSecond: plan.perSecond * highest });
	return times.filter((t) => plan.random() < share(t));
}

/** Share of the short gaps and their mean, for a hyperexponential with balanced means and this CV. */
function balancedShare(cv: number): number {
	const square = cv * cv;
	return 0.5 * (1 + Math.sqrt((square - 1) / (square + 1)));
}

/**
 * The shape of the Azure Functions traces as serving papers use them: bursts with an inter-arrival CV of about 1.5 to
 * 1.75, from hyperexponential gaps whose rate wanders every minute or two.
 */
export function bursts({ random, perSecond, horizonSeconds }: ArrivalPlan): number[] {
	const share = balancedShare(1.4);
	const times: number[] = [];
	let level = 1;
	let levelUntil = 0;
	for (let t = 0; ;) {
		if (t >= levelUntil) {
			level = 0.35 + 1.3 * random();
			levelUntil = t + 60 + 60 * random();
		}
		const short = random() < share;
		t += exponential(random, 1 / (perSecond * level * 2 * (short ? share : 1 - share)));
		if (t >= horizonSeconds) return times;
		times.push(t);
	}
}

/** A day: lowest at the start and end, highest in the middle; from 0.2 to 1.8 times the mean. */
export function tide(plan: ArrivalPlan): number[] {
	const wave = (t: number): number => 1 - 0.8 * Math.cos((2 * Math.PI * t) / plan.horizonSeconds);
	return thinned(plan, 1.8, (t) => wave(t) / 1.8);
}

/** Markov-modulated: on at 1.8 and off at 0.2 times the mean, each for 3 minutes on average. */
export function onOff(plan: ArrivalPlan): number[] {
	const switches: number[] = [];
	for (let t = 0; t < plan.horizonSeconds;) {
		t += exponential(plan.random, 180);
		switches.push(t);
	}
	let passed = 0;
	let on = plan.random() < 0.5;
	return thinned(plan, 1.8, (t) => {
		while (t >= (switches[passed] ?? Infinity)) {
			passed++;
			on = !on;
		}
		return on ? 1 : 0.2 / 1.8;
	});
}
