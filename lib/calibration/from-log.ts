/** From a row of `model_usage_log` to an observation. Owns how the run time is found where only the whole is known. */
import type { UsageRow } from '../usage/types';
import type { RunObservation } from './types';

/** The columns that calibration reads. Everything else in a row is ignored. */
export const CALIBRATION_COLUMNS = [
	'model_name',
	'preset',
	'server',
	'steps',
	'cfg',
	'width',
	'height',
	'batch_size',
	'status',
	'timing_source',
	'actual_seconds',
	'queue_seconds',
	'load_seconds',
	'run_seconds',
	'cold',
	'vram_peak_bytes',
	'prompt_id',
] as const satisfies readonly (keyof UsageRow)[];

export type CalibrationRow = Pick<UsageRow, (typeof CALIBRATION_COLUMNS)[number]> & {
	age_seconds: number;
};

/** @returns null for a row without a model */
export function observationFromLog(row: CalibrationRow): RunObservation | null {
	if (row.model_name === null) return null;
	const { model_name, preset, server, steps, cfg, width, height, batch_size } = row;
	return {
		...{ model_name, preset, server, steps, cfg, width, height, batch_size },
		run_seconds: row.run_seconds ?? restOfWhole(row),
		load_seconds: row.load_seconds,
		cold: row.cold ?? coldByLoad(row.load_seconds),
		status: row.status,
		timing_source: row.timing_source,
		vram_peak_bytes: row.vram_peak_bytes,
		age_seconds: row.age_seconds,
		prompt_id: row.prompt_id,
	};
}

/** Without a queue time the whole says nothing of the run: it may have waited for hours. */
function restOfWhole(row: CalibrationRow): number | null {
	if (row.actual_seconds === null || row.queue_seconds === null) return null;
	return row.actual_seconds - row.queue_seconds - (row.load_seconds ?? 0);
}

function coldByLoad(loadSeconds: number | null): boolean | null {
	return loadSeconds === null ? null : loadSeconds > 0;
}
