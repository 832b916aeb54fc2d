/** Usage rows and VRAM readings for tests: plausible, with what matters overridden. */
import type { UsageRow } from '../../lib/usage/types';
import type { VramReading } from '../../lib/vram-watch/types';

export function usageRow(overrides: Partial<UsageRow> = {}): UsageRow {
	return {
		job_id: 'job-1',
		attempt: null,
		user_id: 'ana',
		workflow_id: 'w1',
		execution_id: '17',
		server: 'gpu-a',
		model_name: 'sdxl-base',
		preset: 'full',
		purpose: 'photo',
		urgency: 'normal',
		width: 1024,
		height: 1024,
		batch_size: 1,
		steps: 30,
		cfg: 7,
		selection_reason: 'best quality on time',
		status: 'success',
		degraded: false,
		error_code: null,
		error_message: null,
		estimated_seconds: 12,
		actual_seconds: 11,
		queue_seconds: 1,
		load_seconds: 0,
		run_seconds: 10,
		timing_source: 'comfyui',
		cold: false,
		deadline_seconds: 90,
		on_time: true,
		estimated_cost: 0.004,
		actual_cost: 0.0035,
		quality_estimated: 0.7,
		quality_feedback: null,
		vram_peak_bytes: 9_000_000_000,
		prompt_id: null,
		...overrides,
	};
}

export function vramReading(overrides: Partial<VramReading> = {}): VramReading {
	return {
		observed_at: '2026-01-31T12:00:00.000Z',
		server: 'gpu-a',
		reachable: true,
		error: null,
		device_index: 0,
		device_name: 'cuda:0 NVIDIA GeForce RTX 4090',
		vram_total: 24_000_000_000,
		vram_free: 20_000_000_000,
		torch_vram_total: 0,
		torch_vram_free: 0,
		queue_running: 0,
		queue_pending: 0,
		loaded_model: null,
		...overrides,
	};
}
