/** Seeded random numbers, so that the same seed gives the same simulation everywhere. */
import type { NoiseProfile } from './types';

/** Uniform in [0, 1). */
export type Random = () => number;

/** Mulberry32 (Tommy Ettinger, public domain): small, fast, good enough to simulate with. */
export function seededRandom(seed: number): Random {
	let state = seed >>> 0;
	return () => {
		state = (state + 0x6d2b79f5) >>> 0;
		let t = state;
		t = Math.imul(t ^ (t >>> 15), t | 1);
		t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
		return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
	};
}

/** Standard normal by Box and Muller. */
export function normal(random: Random): number {
	const radius = Math.sqrt(-2 * Math.log(1 - random()));
	return radius * Math.cos(2 * Math.PI * random());
}

/** The factor of one run: log-normal with mean 1 and the given cv, times the tail factor now and then. */
export function noiseFactor(noise: NoiseProfile, random: Random): number {
	let factor = 1;
	if (noise.cv > 0) {
		const variance = Math.log(1 + noise.cv ** 2);
		factor = Math.exp(Math.sqrt(variance) * normal(random) - variance / 2);
	}
	if (noise.tailProbability > 0 && random() < noise.tailProbability) factor *= noise.tailFactor;
	return factor;
}
