import { describe, expect, it } from 'vitest';

import { RouterError } from '../../../lib/errors';
import type { ComfyUiPort, HistoryEntry, QueueState, UsageStore } from '../../../lib/ports';
import type { UsageRow } from '../../../lib/usage/types';
import { logUsage, type LogUsageInput } from '../../../service/log-usage';

const SELECTED_MS = Date.parse('2026-01-31T12:00:00Z');

function memoryStore(): UsageStore & { rows: UsageRow[] } {
	const rows: UsageRow[] = [];
	return {
		rows,
		recordUsage: (given) => {
			rows.push(...given);
			return Promise.resolve(
				given.map((row) => ({ job_id: row.job_id, attempt: row.attempt ?? 1, inserted: true })),
			);
		},
		recordVram: () => Promise.resolve(),
		close: () => Promise.resolve(),
	};
}

/** Sleeping moves the time on, so that waiting takes no time. */
function fastClock() {
	let now = SELECTED_MS + 20_000;
	return {
		nowMs: () => now,
		sleep: (ms: number) => {
			now += ms;
			return Promise.resolve();
		},
	};
}

const entry = (promptId: string): HistoryEntry => ({
	promptId,
	number: 0,
	graph: {},
	status: 'success',
	failure: null,
	cachedNodes: [],
	createTimeMs: SELECTED_MS + 1000,
	startedMs: SELECTED_MS + 2000,
	endedMs: SELECTED_MS + 12_000,
	outputs: [],
});

interface Fake {
	history?: (promptId: string) => HistoryEntry | null;
	queued?: string[];
	fails?: boolean;
}

function server(name: string, fake: Fake): ComfyUiPort {
	const guard = <T>(value: T): Promise<T> =>
		fake.fails
			? Promise.reject(new RouterError({ code: 'COMFYUI_UNREACHABLE', message: 'down', hint: '' }))
			: Promise.resolve(value);
	const running = (fake.queued ?? []).map((promptId) => ({
		number: 0,
		promptId,
		graph: {},
		createTimeMs: null,
		clientId: null,
	}));
	const port: Partial<ComfyUiPort> = {
		name,
		url: `http://${name}:8188`,
		history: (promptId) => guard(fake.history?.(promptId) ?? null),
		queue: () => guard<QueueState>({ running, pending: [] }),
	};
	return port as ComfyUiPort;
}

function input(overrides: Partial<LogUsageInput> = {}): LogUsageInput {
	return {
		selection: {
			decision: 'selected',
			job_id: 'job-1',
			request: { purpose: 'photo', urgency: 'normal' },
			selected_at: '2026-01-31T12:00:00Z',
			deadline_at: '2026-01-31T12:01:30Z',
			server: 'gpu-a',
			model_name: 'sdxl',
			preset: 'full',
		},
		timing: 'comfyui',
		context: { promptId: 'p1' },
		...overrides,
	};
}

async function log(inputs: LogUsageInput[], servers: ComfyUiPort[], options = {}) {
	const store = memoryStore();
	const results = await logUsage({ store, servers, clock: fastClock() }, inputs, options);
	return { results, rows: store.rows };
}

describe('logUsage', () => {
	it("writes the server's own times, asking the selection's server alone", async () => {
		const other = server('gpu-b', { fails: true });
		const { results, rows } = await log([input()], [other, server('gpu-a', { history: entry })]);
		expect(rows[0]).toMatchObject({
			queue_seconds: 1,
			run_seconds: 10,
			timing_source: 'comfyui',
			status: 'success',
		});
		expect(results[0]).toMatchObject({ logged: true, note: null, receipt: { attempt: 1 } });
	});

	it('asks every server where the named one is not among them', async () => {
		const { rows } = await log([input()], [server('x', {}), server('y', { history: entry })]);
		expect(rows[0]?.timing_source).toBe('comfyui');
	});

	it('waits for a run that has not ended, as long as it may', async () => {
		let asked = 0;
		const busy = server('gpu-a', {
			history: (id) => (++asked > 6 ? entry(id) : null),
			queued: ['p1'],
		});
		const { rows } = await log([input()], [busy], { waitMs: 60_000 });
		expect(rows[0]).toMatchObject({ status: 'success', timing_source: 'comfyui' });
	});

	it.each([
		['restarted', {}, 'COMFYUI_PROMPT_UNKNOWN', 'error'],
		['down', { fails: true }, 'COMFYUI_UNREACHABLE', 'error'],
		['still running', { queued: ['p1'] }, 'COMFYUI_TIMEOUT', 'timeout'],
	] as const)(
		'logs the wall time and why, where the server is %s',
		async (_, fake, code, status) => {
			const { results, rows } = await log([input()], [server('gpu-a', fake as Fake)]);
			expect(rows[0]).toMatchObject({
				status,
				error_code: code,
				timing_source: 'wall',
				actual_seconds: 20,
				prompt_id: 'p1',
			});
			expect(results[0]).toMatchObject({
				logged: true,
				note: expect.stringContaining('wall time'),
			});
		},
	);

	it('believes the caller about the outcome where ComfyUI cannot say', async () => {
		const { rows } = await log([input({ status: 'success' })], [server('gpu-a', {})]);
		expect(rows[0]).toMatchObject({
			status: 'success',
			error_code: null,
			timing_source: 'wall',
			on_time: true,
		});
	});

	it('logs given figures and wall times without asking any server', async () => {
		const given = input({ timing: 'given', given: { actual_seconds: 100, status: 'success' } });
		const { rows } = await log([given, input({ timing: 'wall' })], []);
		expect(rows.map((row) => [row.timing_source, row.actual_seconds, row.on_time])).toEqual([
			['given', 100, false],
			['wall', 20, true],
		]);
	});

	it('logs a rejection as it is', async () => {
		const selection = {
			decision: 'rejected',
			job_id: 'j',
			selected_at: '2026-01-31T12:00:00Z',
			rejection: { code: 'VRAM', message: 'too small' },
		};
		const { rows } = await log([input({ selection, context: {} })], []);
		expect(rows[0]).toMatchObject({
			status: 'rejected',
			error_code: 'VRAM',
			timing_source: null,
			on_time: null,
		});
	});

	it('keeps the good inputs when others are wrong, each told what is wrong with it', async () => {
		const { results, rows } = await log(
			[
				input({ selection: { model_name: 'x' } }),
				input(),
				input({ timing: 'given', given: { run_seconds: -1 } }),
				input({ context: {} }),
			],
			[server('gpu-a', { history: entry })],
		);
		expect(rows).toHaveLength(1);
		expect(results.map((result) => (result.logged ? 'ok' : result.error.code))).toEqual([
			'USAGE_INVALID',
			'ok',
			'USAGE_INVALID',
			'USAGE_INVALID',
		]);
	});
});
