import { describe, expect, it } from 'vitest';

import { parseCatalog } from '../../../lib/catalog/parse';
import type { Catalog } from '../../../lib/catalog/schema';
import { policyNamed } from '../../../simulator/replay/policies';
import type { JobOutcome, PolicyDefinition, ReplayInput } from '../../../simulator/replay/types';
import { fleet, photo, run, server, truth } from './lab';

function outcomes(
	name: string,
	input: Partial<ReplayInput> & Pick<ReplayInput, 'trace'>,
): JobOutcome[] {
	return run({ ...input, policy: policyNamed(name) as PolicyDefinition }).outcomes;
}

function models(name: string, input: Parameters<typeof outcomes>[1]): (string | null)[] {
	return outcomes(name, input).map((outcome) => outcome.modelName);
}

function servers(name: string, input: Parameters<typeof outcomes>[1]): (number | null)[] {
	return outcomes(name, input).map((outcome) => outcome.serverIndex);
}

const TWO = fleet(server('one'), server('two'));

/** Two models of equal times for two purposes: what matters is only which of them is warm. */
function twins(): Catalog {
	const model = (name: string, purpose: string) => ({
		name,
		files: { checkpoint: name },
		purposes: { [purpose]: 1 },
		vram_gb: 10,
		vram_peak_gb: 12,
		load_seconds: 5,
		presets: [
			{
				name: 'only',
				steps: 10,
				cfg: 1,
				reference: { width: 1024, height: 1024 },
				avg_time_seconds: 10,
			},
		],
	});
	return parseCatalog({ version: 1, models: [model('A', 'a'), model('B', 'b')] });
}

const ask = (purpose: string, at: number) => photo(at, { purpose, deadlineSeconds: 500 });

describe('fixed models', () => {
	const trace = [photo(0), photo(0), photo(0)];

	it('static-best takes the best on the shortest queue', () => {
		expect(models('static-best', { trace, fleet: TWO })).toEqual(['big', 'big', 'big']);
		expect(servers('static-best', { trace, fleet: TWO })).toEqual([0, 1, 0]);
	});

	it('static-fast takes the fastest that the floor allows', () => {
		const floored = [photo(0), photo(0, { minQuality: 0.8 })];
		expect(models('static-fast', { trace: floored })).toEqual(['small', 'big']);
	});

	it('take the best that believes to fit where the best of all does not', () => {
		const [device] = server('one').devices;
		const small = server('one', { devices: [{ ...device!, vram_total: 16e9, vram_free: 16e9 }] });
		for (const name of ['static-best', 'round-robin', 'least-loaded', 'swarmui', 'llama-swap']) {
			expect(models(name, { trace, fleet: fleet(small) })).toEqual(['small', 'small', 'small']);
		}
	});

	it('refuse what no model may serve', () => {
		const impossible = [photo(0, { purpose: 'text_rendering' })];
		for (const name of [
			'static-best',
			'static-fast',
			'random',
			'round-robin',
			'swarmui',
			'llama-swap',
		]) {
			expect(outcomes(name, { trace: impossible })[0]!.status).toBe('rejected');
		}
	});

	it('round-robin goes from server to server whatever is queued', () => {
		expect(servers('round-robin', { trace, fleet: TWO })).toEqual([0, 1, 0]);
		const busy = [photo(0), photo(20), photo(20)];
		expect(servers('round-robin', { trace: busy, fleet: TWO })).toEqual([0, 1, 0]);
	});

	it('least-loaded takes idle workers in turn, else the shortest queue', () => {
		const spread = [photo(0), photo(20), photo(40), photo(40), photo(40), photo(40)];
		expect(servers('least-loaded', { trace: spread, fleet: TWO })).toEqual([0, 1, 0, 1, 0, 1]);
	});

	it('random uses all models and servers', () => {
		const many = Array.from({ length: 60 }, (_, i) => photo(30 * i));
		expect(new Set(models('random', { trace: many, fleet: TWO })).size).toBe(2);
		expect(new Set(servers('random', { trace: many, fleet: TWO })).size).toBe(2);
	});

	it('leave out servers without the files, unreachable ones and full queues', () => {
		const without = fleet(
			server('none', { installed_files: [] }),
			server('down', { reachable: false }),
			server('full', { max_queue: 0 }),
			server('good', { installed_files: ['sub/big.safetensors'] }),
		);
		expect(servers('static-best', { trace: [photo(0)], fleet: without })).toEqual([3]);
	});
});

describe('right model first', () => {
	const alternating = ['a', 'b', 'a', 'b', 'a', 'b'].map((purpose) => ask(purpose, 0));

	it('llama-swap turns A B A B A B into A A A B B B', () => {
		const result = outcomes('llama-swap', { catalog: twins(), trace: alternating });
		const order = [...result].sort((x, y) => (x.startedAtSeconds ?? 0) - (y.startedAtSeconds ?? 0));
		expect(order.map((outcome) => outcome.modelName)).toEqual(['A', 'A', 'A', 'B', 'B', 'B']);
	});

	it('llama-swap spreads over idle servers in order of arrival', () => {
		expect(servers('llama-swap', { catalog: twins(), trace: alternating, fleet: TWO })).toEqual([
			0, 1, 0, 1, 0, 1,
		]);
	});

	it('swarmui lets a model load only after a job for it has waited 1.5 s', () => {
		const [first] = outcomes('swarmui', { catalog: twins(), trace: [ask('a', 0)] });
		expect(first!.startedAtSeconds).toBe(1.5);
	});

	it('swarmui starts at once where the right model is resident', () => {
		const warm = fleet(server('cold'), server('warm', { loaded_model: 'A' }));
		const [first] = outcomes('swarmui', { catalog: twins(), trace: [ask('a', 0)], fleet: warm });
		expect(first).toMatchObject({ startedAtSeconds: 0, serverIndex: 1 });
	});

	it('swarmui loads the model under most pressure', () => {
		const trace = [ask('a', 0), ask('b', 0.1), ask('b', 0.2), ask('b', 0.3)];
		const result = outcomes('swarmui', { catalog: twins(), trace });
		const first = [...result].sort(
			(x, y) => (x.startedAtSeconds ?? 0) - (y.startedAtSeconds ?? 0),
		)[0];
		// after 1.5 s only the first job is ripe; it is alone
		expect(first!.modelName).toBe('A');
		const late = [ask('a', 0), ask('a', 1), ask('b', 1), ask('b', 1), ask('b', 1)];
		const next = outcomes('swarmui', { catalog: twins(), trace: late });
		expect(next.map((outcome) => outcome.startedAtSeconds)).toEqual([1.5, 16.5, 26.5, 41.5, 51.5]);
	});
});

describe('by load', () => {
	const calm = Array.from({ length: 10 }, (_, i) => photo(100 * i));
	const rush = Array.from({ length: 40 }, (_, i) => photo(3 * i, { deadlineSeconds: 60 }));

	it.each(['backlog-threshold', 'cascade'])(
		'%s takes the best when calm and gives way in a rush',
		(name) => {
			expect(new Set(models(name, { trace: calm }))).toEqual(new Set(['big']));
			const rushed = models(name, { trace: rush });
			expect(rushed.filter((model) => model === 'small').length).toBeGreaterThan(25);
		},
	);

	it('cascade mixes the models where capacity lies between them', () => {
		const between = models('cascade', {
			trace: Array.from({ length: 60 }, (_, i) => photo(9 * i)),
		});
		const share = between.filter((model) => model === 'big').length / between.length;
		expect(share).toBeGreaterThan(0.2);
		expect(share).toBeLessThan(0.9);
	});
});

describe('greedy', () => {
	it('takes the best that meets the deadline, load and queue counted', () => {
		const due = (seconds: number) => [photo(0, { deadlineSeconds: seconds })];
		expect(models('greedy', { trace: due(14) })).toEqual(['big']);
		expect(models('greedy', { trace: due(13.9) })).toEqual(['small']);
		const warm = fleet(server('one', { loaded_model: 'big' }));
		expect(models('greedy', { trace: due(10), fleet: warm })).toEqual(['big']);
	});

	it('takes what finishes first where nothing is in time', () => {
		expect(models('greedy', { trace: [photo(0, { deadlineSeconds: 1 })] })).toEqual(['small']);
	});

	it('with margins keeps a quarter of the time and a tenth of the memory back', () => {
		const due = (seconds: number) => [photo(0, { deadlineSeconds: seconds })];
		expect(models('greedy-margins', { trace: due(17.5) })).toEqual(['big']);
		expect(models('greedy-margins', { trace: due(17.4) })).toEqual(['small']);
		const [device] = server('one').devices;
		const card = (gb: number) =>
			fleet(
				server('one', { devices: [{ ...device!, vram_total: gb * 1e9, vram_free: gb * 1e9 }] }),
			);
		expect(models('greedy-margins', { trace: due(99), fleet: card(22.6) })).toEqual(['big']);
		expect(models('greedy-margins', { trace: due(99), fleet: card(22.4) })).toEqual(['small']);
		expect(models('greedy', { trace: due(99), fleet: card(20.6) })).toEqual(['big']);
	});

	it('with a price gives way when arrivals come faster than the fleet can do the best', () => {
		// the price of a second is 0.15 / gap: big is worth 0.5 more and takes 8 s more
		const every = (gap: number) => Array.from({ length: 30 }, (_, i) => photo(gap * i));
		const late = (gap: number) => models('greedy-priced', { trace: every(gap) }).at(-1);
		expect(late(15)).toBe('big');
		expect(late(2)).toBe('small');
	});

	it('clairvoyant goes by the true times', () => {
		const trace = [photo(0, { deadlineSeconds: 15 })];
		const slow = truth({ time_factor: { big: 2 } });
		expect(models('greedy', { trace, truth: slow })).toEqual(['big']);
		expect(models('clairvoyant', { trace, truth: slow })).toEqual(['small']);
	});
});
