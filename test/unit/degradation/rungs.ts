/** Rungs for tests that look at their figures only. */
import type { Rung } from '../../../lib/degradation';

interface RungFigures {
	seconds: number;
	quality: number;
	onTime: number;
	server: string;
	modelName: string;
}

export function rungOf(figures: Partial<RungFigures> = {}): Rung {
	const { seconds = 1, quality = 0.5, onTime = 0.5, server = 'a', modelName = 'm' } = figures;
	return {
		kind: 'fewer_steps',
		name: 'test',
		selection: { server, model_name: modelName } as Rung['selection'],
		quality,
		seconds,
		p95Seconds: seconds,
		onTimeProbability: onTime,
		upscaleTo: null,
	};
}
