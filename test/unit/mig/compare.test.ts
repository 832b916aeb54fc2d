import { describe, expect, it } from 'vitest';

import { findMigGpu, type MigGpu } from '../../../lib/mig';
import { assumedTrace, compareMigPartitions, WHOLE_GPU } from '../../../simulator/mig';
import { cli } from '../../support/cli';
import { catalogOf, presetOf } from '../../support/selections';

const A30 = findMigGpu('a30') as MigGpu;
const A100 = findMigGpu('a100-40gb') as MigGpu;

function catalog(vramGb: number, loadSeconds: number) {
	return catalogOf([
		{
			name: 'm',
			files: { checkpoint: 'm.safetensors' },
			purposes: { photo: 0.8 },
			vram_gb: vramGb - 1,
			vram_peak_gb: vramGb,
			load_seconds: loadSeconds,
			presets: [presetOf('full', { avg_time_seconds: 4 })],
		},
	]);
}

const photos = (perHour: number, urgency = 'normal') => [
	{ perHour, purpose: 'photo', urgency, width: null, height: null },
];
const parts = (gpu: MigGpu, vramGb: number, perHour: number) => ({
	catalog: catalog(vramGb, 5),
	gpu,
	speedFactor: 1,
	hourlyCost: 2,
	trace: assumedTrace(photos(perHour), 0.5, 7),
	seed: 7,
});

describe('comparing the partitionings of a GPU', () => {
	it('recommends the whole GPU where the model fits no slice, and shows that slices serve nothing', () => {
		const { rows, recommended } = compareMigPartitions(parts(A30, 20, 60));
		expect(recommended).toBe(WHOLE_GPU);
		for (const row of rows.filter(({ partition }) => partition !== WHOLE_GPU)) {
			expect(row.metrics.on_time_ratio).toBe(0);
			expect(row.gpu_cost_per_on_time_image).toBeNull();
		}
	});

	it('has a row for each partitioning, the best first, and says why with the figures', () => {
		const { rows, recommended, reason } = compareMigPartitions(parts(A30, 4, 60));
		expect(rows.map(({ partition }) => partition).sort()).toEqual([
			'1g.6gb+1g.6gb+1g.6gb+1g.6gb',
			'2g.12gb+1g.6gb+1g.6gb',
			'2g.12gb+2g.12gb',
			WHOLE_GPU,
		]);
		const qualities = rows.map(({ metrics }) => metrics.effective_quality);
		expect(qualities).toEqual([...qualities].sort((a, b) => b - a));
		expect(reason).toContain(`${recommended}: quality on time`);
	});

	it('gives the same answer to the same question, another to another seed', () => {
		const first = compareMigPartitions(parts(A30, 4, 200));
		expect(compareMigPartitions(parts(A30, 4, 200))).toEqual(first);
		const other = { ...parts(A30, 4, 200), trace: assumedTrace(photos(200), 0.5, 8) };
		expect(compareMigPartitions(other).rows).not.toEqual(first.rows);
	});

	it('counts a slower slice as slower and a smaller one as smaller', () => {
		const { rows } = compareMigPartitions(parts(A100, 8, 20));
		const find = (name: string) => rows.find(({ partition }) => partition === name);
		// 8 GB fit a quarter of 40 GB, not an eighth
		expect(find('1g.5gb+1g.5gb+1g.5gb+1g.5gb+1g.5gb+1g.5gb+1g.5gb')?.metrics.on_time_ratio).toBe(0);
		const [halves, quarters] = [find('3g.20gb+3g.20gb'), find('1g.10gb+1g.10gb+1g.10gb+1g.10gb')];
		expect(halves?.metrics.on_time_ratio).toBeGreaterThan(0.9);
		// a seventh of the speed: busy for longer with the same jobs
		expect(quarters?.metrics.gpu_busy_ratio).toBeGreaterThan(
			halves?.metrics.gpu_busy_ratio as number,
		);
	});
});

describe('plan-mig', () => {
	const base = ['plan-mig', '--catalog', 'models_config.json', '--gpu'];

	it('prints the same table for the same seed, and the recommendation', async () => {
		const args = [...base, 'a30', '--assume', '60/h:photo', '--hours', '0.2', '--hourly-cost', '1'];
		const first = await cli(args);
		expect(first).toMatchObject({ code: 0, err: '' });
		expect(first.out).toMatch(/4 x 1g\.6gb +\d/);
		expect(first.out).toMatch(/Recommended: \S+/);
		expect(await cli(args)).toEqual(first);
		const { out } = await cli([...args, '--json']);
		expect(JSON.parse(out)).toMatchObject({ gpu: 'a30', seed: 1, rows: expect.any(Array) });
	});

	it('replays a recorded trace', async () => {
		const stdin = 'arrival_seconds,purpose\n0,photo\n5,photo\n';
		const { code, out } = await cli([...base, 'a30', '--trace', '-', '--json'], { stdin });
		expect([code, (JSON.parse(out) as { jobs: number }).jobs]).toEqual([0, 2]);
	});

	it.each([
		[['rtx-4090', '--assume', '1/h:photo'], 'Known: a30, a100-40gb'],
		[['a30'], 'Give the workload'],
		[['a30', '--assume', 'photo'], 'is not RATE/h:PURPOSE'],
		[['a30', '--assume', '0/h:photo'], 'is not RATE/h:PURPOSE'],
		[['a30', '--assume', '1/h:photo', '--trace', 'x'], 'either --trace or --assume'],
		[['a30', '--assume', '60/h:photo:sometime'], 'no urgency "sometime"'],
		[['a30', '--assume', '0.001/h:photo', '--hours', '0.01'], 'it has no jobs'],
	])('refuses %j', async (args, message) => {
		expect(await cli([...base, ...args])).toMatchObject({
			code: 64,
			out: '',
			err: expect.stringContaining(message),
		});
	});
});

describe('an assumed workload', () => {
	it('has about as many jobs as its rate says, in order', () => {
		const trace = assumedTrace([...photos(600), ...photos(300, 'urgent')], 10, 1);
		const urgent = trace.filter((job) => job.urgency === 'urgent').length;
		expect(urgent).toBeGreaterThan(2700);
		expect(urgent).toBeLessThan(3300);
		const arrivals = trace.map((job) => job.arrivalSeconds);
		expect(arrivals).toEqual([...arrivals].sort((a, b) => a - b));
		expect(Math.max(...arrivals)).toBeLessThan(36_000);
	});
});
