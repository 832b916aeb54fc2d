import { describe, expect, it } from 'vitest';

import { assembleServer, type ServerReading } from '../../../lib/fleet/assemble';
import { ownJobData, readOwnJob } from '../../../lib/fleet/own-jobs';
import type { HistoryEntry, QueueItem } from '../../../lib/ports';
import { node } from '../../support/graphs';
import { workflow } from '../../support/recordings';
import { catalogOf, presetOf } from '../../support/selections';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const GB = 1e9;

const catalog = catalogOf(
	[
		{
			name: 'xl',
			family: 'sdxl',
			files: { checkpoint: 'sdxl-vega-random-fp16.safetensors' },
			vram_gb: 6,
			load_seconds: 30,
			presets: [presetOf('full', { steps: 25, avg_time_seconds: 10 })],
		},
		{
			name: 'small',
			family: 'sd15',
			files: { checkpoint: 'sd15-mini-random-fp16.safetensors' },
			vram_gb: 1,
			load_seconds: 5,
			presets: [
				presetOf('full', { steps: 2, avg_time_seconds: 2, reference: { width: 64, height: 64 } }),
			],
		},
	],
	{ servers: [{ name: 's', url: 'http://s:8188', hourly_cost: 2, speed_factor: 1, max_queue: 9 }] },
);

const unrelated = {
	'1': node('EmptyImage', { width: 64, height: 64 }),
	'2': node('SaveImage', { images: ['1', 0] }),
};

function item(number: number, graph: unknown, extra: Partial<QueueItem> = {}): QueueItem {
	return {
		number,
		promptId: `p${number}`,
		graph: graph as QueueItem['graph'],
		createTimeMs: null,
		clientId: null,
		...extra,
	};
}

function ended(graph: unknown, extra: Partial<HistoryEntry> = {}): HistoryEntry {
	return {
		promptId: 'h',
		number: 0,
		graph: graph as HistoryEntry['graph'],
		status: 'success',
		failure: null,
		cachedNodes: [],
		createTimeMs: null,
		startedMs: null,
		endedMs: NOW - 60_000,
		outputs: [],
		...extra,
	};
}

interface Situation {
	running?: QueueItem[];
	pending?: QueueItem[];
	history?: HistoryEntry[] | null;
	heldBytes?: number;
	type?: string;
	argv?: string[];
	serverTimeMs?: number | null;
}

function reading(situation: Situation = {}): ServerReading {
	const {
		running = [],
		pending = [],
		history = [],
		heldBytes = 6.2 * GB,
		type = 'cuda',
		argv = [],
	} = situation;
	const device = {
		name: 'gpu',
		type,
		vram_total: 24 * GB,
		vram_free: 24 * GB - heldBytes,
		torch_vram_total: heldBytes + GB,
		torch_vram_free: GB,
	};
	return {
		name: 's',
		url: 'http://s:8188',
		state: {
			stats: { comfyuiVersion: '0.8.0', argv, devices: [device] },
			queue: { running, pending, serverTimeMs: situation.serverTimeMs ?? null },
		},
		history,
		installedFiles: ['sdxl-vega-random-fp16.safetensors'],
		error: null,
	};
}

const loaded = (situation: Situation) =>
	assembleServer(reading(situation), catalog, NOW).loaded_model;

describe('the model that is resident', () => {
	it('is that of the prompt that ended last', () => {
		expect(loaded({ history: [ended(workflow('sd15')), ended(workflow('sdxl'))] })).toBe('xl');
	});

	it('is that of the running prompt', () => {
		const running = [item(1, workflow('sd15'))];
		expect(loaded({ running, history: [ended(workflow('sdxl'))] })).toBe('small');
	});

	it('is none after a start, after an unrelated job, or where the history is unknown', () => {
		expect(loaded({ history: [] })).toBeNull();
		expect(loaded({ history: null })).toBeNull();
		expect(loaded({ history: [ended(workflow('sdxl')), ended(unrelated)] })).toBeNull();
	});

	it('is none while a foreign graph runs', () => {
		const running = [item(1, unrelated)];
		expect(loaded({ running, history: [ended(workflow('sdxl'))] })).toBeNull();
	});

	it('is none after an out-of-memory error: ComfyUI unloads all', () => {
		const failure = {
			nodeId: '3',
			nodeType: 'KSampler',
			exceptionType: 'torch.OutOfMemoryError',
			message: '',
		};
		expect(loaded({ history: [ended(workflow('sdxl'), { status: 'error', failure })] })).toBeNull();
	});

	it('stays after an error behind the sampler, and after an interruption', () => {
		const failure = {
			nodeId: '9',
			nodeType: 'SaveImage',
			exceptionType: 'OSError',
			message: 'disk full',
		};
		expect(loaded({ history: [ended(workflow('sdxl'), { status: 'error', failure })] })).toBe('xl');
		expect(loaded({ history: [ended(workflow('sdxl'), { status: 'interrupted' })] })).toBe('xl');
	});

	it('is none after an error before the load, unless the loader came from the cache', () => {
		const failure = {
			nodeId: '4',
			nodeType: 'CheckpointLoaderSimple',
			exceptionType: 'X',
			message: 'bad file',
		};
		const entry = ended(workflow('sdxl'), { status: 'error', failure });
		expect(loaded({ history: [entry] })).toBeNull();
		expect(loaded({ history: [{ ...entry, cachedNodes: ['4'] }] })).toBe('xl');
	});

	it('is none after /free, which shows in what torch holds', () => {
		expect(loaded({ history: [ended(workflow('sdxl'))], heldBytes: 0.05 * GB })).toBeNull();
	});

	it('is not doubted for a partly offloaded model, nor on devices without counters of their own', () => {
		expect(loaded({ history: [ended(workflow('sdxl'))], heldBytes: 3 * GB })).toBe('xl');
		expect(loaded({ history: [ended(workflow('sdxl'))], heldBytes: 0, type: 'cpu' })).toBe('xl');
	});

	it('is none where the server keeps nothing', () => {
		expect(
			loaded({ history: [ended(workflow('sdxl'))], argv: ['main.py', '--cache-none'] }),
		).toBeNull();
	});
});

describe('the queue', () => {
	const queue = (situation: Situation) => assembleServer(reading(situation), catalog, NOW).queue;

	it('knows models and times, loads only where the model changes', () => {
		const jobs = queue({
			pending: [
				item(1, workflow('sdxl')),
				item(2, workflow('sdxl')),
				item(3, workflow('sd15')),
				item(4, unrelated),
			],
			history: [],
		});
		expect(jobs.map((job) => job.model_name)).toEqual(['xl', 'xl', 'small', null]);
		expect(jobs.map((job) => job.remaining_seconds)).toEqual([
			expect.closeTo(40, 5),
			expect.closeTo(10, 5),
			expect.closeTo(7, 5),
			null,
		]);
		expect(jobs.map((job) => job.queue_number)).toEqual([1, 2, 3, 4]);
	});

	it('scales by steps and size of the graph', () => {
		const graph = workflow('sdxl');
		graph['3'].inputs.steps = 50;
		const [job] = queue({ pending: [item(1, graph)], history: [ended(workflow('sdxl'))] });
		expect(job?.remaining_seconds).toBeGreaterThan(15);
		expect(job?.remaining_seconds).toBeLessThan(20.1);
	});

	it('takes the time that the running job has had off, and never all of it', () => {
		const history = [ended(workflow('sdxl'))];
		const run = (createTimeMs: number) =>
			queue({ running: [item(1, workflow('sdxl'), { createTimeMs })], history })[0]
				?.remaining_seconds;
		expect(run(NOW - 4000)).toBeCloseTo(6, 5);
		expect(run(NOW - 3_600_000)).toBe(0.5);
		expect(run(NOW + 5000)).toBeCloseTo(10, 5);
	});

	it('counts from the end of the job before, where that is later than the submission', () => {
		const history = [ended(workflow('sdxl'), { endedMs: NOW - 3000 })];
		const running = [item(1, workflow('sdxl'), { createTimeMs: NOW - 50_000 })];
		expect(queue({ running, history })[0]?.remaining_seconds).toBeCloseTo(7, 5);
	});

	it("uses the server's clock where it is far from ours", () => {
		const hourAhead = NOW + 3_600_000;
		const running = [item(1, workflow('sdxl'), { createTimeMs: hourAhead - 4000 })];
		const history = [ended(workflow('sdxl'))];
		const [job] = queue({ running, history, serverTimeMs: hourAhead });
		expect(job?.remaining_seconds).toBeCloseTo(6, 5);
	});

	it('gives the whole time where 0.3 does not say when it was submitted', () => {
		const [job] = queue({
			running: [item(1, workflow('sdxl'))],
			history: [ended(workflow('sdxl'))],
		});
		expect(job?.remaining_seconds).toBeCloseTo(10, 5);
	});

	it('knows our own jobs and their deadlines', () => {
		const extraData = ownJobData({ job_id: 'job-7', deadline_at: '2026-01-01T00:00:30Z' });
		const [own, other] = queue({
			pending: [item(1, workflow('sdxl'), { extraData }), item(2, workflow('sdxl'))],
		});
		expect(own).toMatchObject({
			job_id: 'job-7',
			deadline_seconds: 30,
			own: true,
			prompt_id: 'p1',
		});
		expect(other).toMatchObject({ job_id: 'p2', deadline_seconds: null, own: false });
	});

	it('believes nothing odd that others write into extra_data', () => {
		expect(readOwnJob({ comfyui_router: { job_id: 7 } })).toBeNull();
		expect(readOwnJob({ comfyui_router: 'x' })).toBeNull();
		expect(readOwnJob({ comfyui_router: { job_id: 'a\u0000b', deadline_at: 'soon' } })).toEqual({
			job_id: 'a b',
			deadline_at: null,
		});
	});
});

describe('assembleServer', () => {
	it('adds what the catalog says of the server', () => {
		expect(assembleServer(reading(), catalog, NOW)).toMatchObject({ hourly_cost: 2, max_queue: 9 });
		expect(assembleServer({ ...reading(), name: 'new' }, catalog, NOW)).not.toHaveProperty(
			'hourly_cost',
		);
	});

	it('reports an unreachable server with its reason', () => {
		const error = { code: 'COMFYUI_TIMEOUT', message: 'too late', hint: 'wait' };
		const server = assembleServer({ ...reading(), state: null, error }, catalog, NOW);
		expect(server).toMatchObject({
			reachable: false,
			error: 'too late',
			error_code: 'COMFYUI_TIMEOUT',
			devices: [],
			queue: [],
			loaded_model: null,
			installed_files: null,
		});
	});
});
