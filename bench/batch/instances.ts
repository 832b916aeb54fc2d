/** Random knapsacks, and small and realistic batches. Owns drawing them; solves nothing. */
import type { KnapsackClass } from '../../lib/optimizer/knapsack';
import type { BatchProblem, Slot, Way } from '../../lib/optimizer/problem';
import type { Random } from '../../simulator/replay/random';

/** `correlated`: dearer ways are mostly better, as in life; `uncorrelated`: anything goes. */
export type Kind = 'uncorrelated' | 'correlated';

export function knapsack(jobs: number, ways: number, kind: Kind, random: Random): KnapsackClass[] {
	return Array.from({ length: jobs }, () => {
		const cost = Array.from({ length: ways }, () => 0.01 + random());
		const quality = cost.map((money) =>
			kind === 'uncorrelated' ? random() : Math.min(1, 0.2 + 0.6 * money + 0.2 * random()),
		);
		return { count: 1, cost, quality };
	});
}

/** How large a batch is: `jobs` of a class are drawn from 1 to twice as many. */
export interface BatchSize {
	classes: number;
	jobs: number;
	servers: number;
	models: number;
}

/** Unequal servers with a model resident on each, models with loads and two presets, jobs with sizes and floors. */
export function randomBatch(size: BatchSize, random: Random): BatchProblem {
	const servers = Array.from({ length: size.servers }, () => ({
		price: 0.2 + random(),
		speed: 0.5 + random(),
	}));
	const models = Array.from({ length: size.models }, () => ({
		quality: 0.3 + 0.7 * random(),
		load: 2 + 30 * random(),
	}));
	const slots: Slot[] = [];
	const ways: Way[] = [];
	servers.forEach(({ price, speed }, server) => {
		const resident = Math.floor(size.models * random());
		models.forEach(({ quality, load }, model) => {
			const loadSeconds = model === resident ? 0 : load;
			slots.push({ server, charge: loadSeconds * price, loadSeconds });
			for (const part of [1, 0.3 + 0.3 * random()]) {
				const seconds = ((3 + 20 * quality * part) * (0.8 + 0.4 * random())) / speed;
				const way = { seconds, cost: seconds * price, slot: slots.length - 1 };
				ways.push({ ...way, quality: quality * (0.6 + 0.4 * part) });
			}
		});
	});
	const best = Math.max(...ways.map(({ quality }) => quality));
	const classes = Array.from({ length: size.classes }, () => {
		const floor = random() * best;
		const scale = 0.5 + random();
		return {
			count: size.jobs === 1 ? 1 : 1 + Math.floor(2 * size.jobs * random()),
			ways: ways
				.filter(({ quality }) => quality >= floor)
				.map((way) => ({ ...way, cost: way.cost * scale, seconds: way.seconds * scale })),
		};
	});
	return { classes, slots, waitSeconds: servers.map(() => 0) };
}

/** Few enough jobs that every choice can be tried. */
export function smallBatch(jobs: number, random: Random): BatchProblem {
	return randomBatch({ classes: jobs, jobs: 1, servers: 2, models: 3 }, random);
}

/** A day's orders in the order they came: purposes and floors mixed, as many as a shop has. */
export function orders(count: number, random: Random): Record<string, unknown>[] {
	const purposes = ['photo', 'portrait', 'product', 'illustration', 'poster_design', 'draft'];
	const floors = ['draft', 'standard', 'standard', 'high'];
	return Array.from({ length: count }, (_, index) => ({
		job_id: `order-${index}`,
		purpose: purposes[Math.floor(random() * purposes.length)],
		quality: floors[Math.floor(random() * floors.length)],
		width: 1024,
		height: 1024,
		explain: false,
	}));
}
