/** Two hours of logs, small enough that every figure of the dashboards can be worked out by hand. */
import type { PanelRange } from '../../adapters/postgres/panels/macros';
import type { UsageRow } from '../../lib/usage/types';
import type { VramReading } from '../../lib/vram-watch/types';
import { usageRow, vramReading } from './usage-rows';

export const FROM = '2026-01-31T00:00:00.000Z';
const TO = '2026-01-31T02:00:00.000Z';
export const GB = 1e9;
export const range: PanelRange = {
	fromMs: Date.parse(FROM),
	toMs: Date.parse(TO),
	intervalSeconds: 3600,
};
export const at = (minute: number) => new Date(Date.parse(FROM) + minute * 60_000).toISOString();

export const run = (overrides: Partial<UsageRow>): UsageRow =>
	usageRow({ actual_cost: 0.01, estimated_cost: 0.01, quality_estimated: 0.75, ...overrides });

/** Two users, two models, two servers, two hours; what lies outside must not be seen. */
export const USAGE: UsageRow[] = [
	run({ job_id: 'before', created_at: at(-1), actual_cost: 99 }),
	run({ job_id: 'after', created_at: at(121), actual_cost: 99 }),
	run({ job_id: 'j1', created_at: at(10), batch_size: 4, run_seconds: 10, queue_seconds: 2 }),
	run({ job_id: 'j2', created_at: at(20), run_seconds: 20, actual_cost: 0.02, queue_seconds: 4 }),
	run({
		job_id: 'j3',
		created_at: at(30),
		status: 'oom',
		on_time: false,
		cold: true,
		load_seconds: 5,
		prompt_id: 'p1',
	}),
	run({
		job_id: 'j3',
		created_at: at(40),
		model_name: 'sd15',
		server: 'gpu-b',
		cold: true,
		load_seconds: 6,
		run_seconds: 4,
		degraded: true,
		quality_estimated: 0.2,
		prompt_id: 'p2',
	}),
	run({
		job_id: 'j4',
		created_at: at(70),
		user_id: "o'neil",
		purpose: 'product',
		urgency: 'urgent',
		on_time: false,
		degraded: true,
		selection_reason: 'x. Lighter than on an idle fleet, because of what is queued.',
		actual_cost: 0.03,
		queue_seconds: 8,
	}),
	run({
		job_id: 'j5',
		created_at: at(80),
		status: 'rejected',
		error_code: 'VRAM',
		model_name: null,
		server: null,
		on_time: null,
		actual_cost: null,
		cold: null,
		run_seconds: null,
		queue_seconds: null,
	}),
	run({ job_id: 'j6', created_at: at(90), status: 'cancelled', on_time: false, actual_cost: 0 }),
	run({ job_id: 'j7', created_at: at(100), status: 'error', on_time: false, actual_cost: 0 }),
];

const flux = (overrides: Partial<UsageRow>): UsageRow =>
	run({ model_name: 'flux1-dev', batch_size: 1, load_seconds: 0, run_seconds: 10, ...overrides });

/** An hour on a server with a price and on one without, the unit told by the row or, before there was one, by its figures. */
export const MIXED_UNITS: UsageRow[] = [
	flux({
		...{ job_id: 'money', created_at: at(1), batch_size: 2, cost_unit: 'USD' },
		...{ estimated_cost: 0.01, actual_cost: 0.02 },
	}),
	flux({
		...{ job_id: 'seconds', created_at: at(2), batch_size: 3, cost_unit: 'gpu_seconds' },
		...{ estimated_cost: 20, actual_cost: 30, run_seconds: 30, server: 'gpu-b' },
	}),
	flux({ job_id: 'old-money', created_at: at(3), estimated_cost: 0.04, actual_cost: 0.04 }),
	flux({
		...{ job_id: 'old-seconds', created_at: at(4), server: 'gpu-b' },
		...{ estimated_cost: 10, actual_cost: 10 },
	}),
	// a price of 1 a second: its cost looks like its seconds
	run({
		...{ job_id: 'dear', created_at: at(5), model_name: 'dear', cost_unit: 'USD' },
		...{ estimated_cost: 10, actual_cost: 10, run_seconds: 10, load_seconds: 0 },
	}),
	run({
		...{ job_id: 'failed', created_at: at(6), model_name: 'free', cost_unit: 'gpu_seconds' },
		...{ estimated_cost: 5, actual_cost: 5, run_seconds: 5, load_seconds: 0, status: 'error' },
	}),
];

const reading = (minute: number, overrides: Partial<VramReading>): VramReading =>
	vramReading({ observed_at: at(minute), vram_total: 24 * GB, vram_free: 20 * GB, ...overrides });

export const VRAM: VramReading[] = [
	reading(5, { loaded_model: 'sd15', queue_running: 1, queue_pending: 2 }),
	reading(15, {
		loaded_model: 'sdxl-base',
		vram_free: 2 * GB,
		torch_vram_total: 12 * GB,
		torch_vram_free: 2 * GB,
		queue_running: 1,
	}),
	reading(15, { device_index: 1, vram_free: 6 * GB }),
	reading(65, { loaded_model: 'sdxl-base' }),
	reading(118, { loaded_model: null, vram_free: 1.2 * GB }),
	reading(50, { server: 'gpu-b', loaded_model: 'sd15', vram_free: 12 * GB }),
	reading(100, {
		server: 'gpu-b',
		reachable: false,
		error: 'no answer',
		device_index: null,
		device_name: null,
		vram_total: null,
		vram_free: null,
		torch_vram_total: null,
		torch_vram_free: null,
		queue_running: null,
		queue_pending: null,
	}),
];
