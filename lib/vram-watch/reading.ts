/** Cleans readings before they are stored: what a server says is untrusted, and a wrong figure must not lose a row. */
import { storableExcerpt } from '../storable-text';
import type { VramReading } from './types';

const MAX_NAME_LENGTH = 500;
const MAX_ERROR_LENGTH = 4000;
const MAX_COUNT = 2_147_483_647;

/**
 * Texts are cut to what the table keeps; a figure that cannot be one (negative, not whole, NaN) becomes null and is
 * named in `error`.
 */
export function storableReading(reading: VramReading): VramReading {
	const faults: string[] = [];
	const whole = (field: keyof VramReading, most: number): number | null => {
		const value = reading[field];
		if (value === null || value === undefined) return null;
		if (typeof value === 'number' && value >= 0 && value <= most) return Math.round(value);
		faults.push(`${field} is not a usable figure`);
		return null;
	};
	const text = (value: string | null, most: number): string | null =>
		value === null || value === undefined ? null : storableExcerpt(String(value), most);
	const clean: VramReading = {
		observed_at: reading.observed_at,
		server: storableExcerpt(String(reading.server), MAX_NAME_LENGTH),
		reachable: reading.reachable === true,
		error: null,
		device_index: whole('device_index', MAX_COUNT),
		device_name: text(reading.device_name, MAX_NAME_LENGTH),
		vram_total: whole('vram_total', Number.MAX_SAFE_INTEGER),
		vram_free: whole('vram_free', Number.MAX_SAFE_INTEGER),
		torch_vram_total: whole('torch_vram_total', Number.MAX_SAFE_INTEGER),
		torch_vram_free: whole('torch_vram_free', Number.MAX_SAFE_INTEGER),
		queue_running: whole('queue_running', MAX_COUNT),
		queue_pending: whole('queue_pending', MAX_COUNT),
		loaded_model: text(reading.loaded_model, MAX_NAME_LENGTH),
	};
	const errors = [reading.error, ...faults].filter((part) => part !== null && part !== undefined);
	clean.error = errors.length > 0 ? text(errors.join('; '), MAX_ERROR_LENGTH) : null;
	return clean;
}
