/** Speed and price of a server that nobody gave any: from what its device is. */
import type { CatalogGpu } from '../catalog/schema';
import { migSliceOf, type MigSlice } from './slice';

export interface DeviceDefaults {
	/** null: the device says nothing about it. */
	speedFactor: number | null;
	/** Per hour, in the catalog's currency; null: no price known. */
	hourlyCost: number | null;
}

const UNKNOWN: DeviceDefaults = { speedFactor: null, hourlyCost: null };

/**
 * A slice runs at its share of the compute slices, and costs the larger of its shares of compute and memory: that is
 * what it takes from others.
 * @param deviceName of the first device, as ComfyUI reports it
 * @param gpus what whole GPUs cost and how fast they are
 */
export function deviceDefaults(
	deviceName: string | undefined,
	gpus: readonly CatalogGpu[],
): DeviceDefaults {
	const slice = migSliceOf(deviceName);
	if (slice === null) {
		const whole = deviceName === undefined ? undefined : entryFor(deviceName, gpus);
		if (!whole) return UNKNOWN;
		return { speedFactor: whole.speed_factor ?? null, hourlyCost: whole.hourly_cost ?? null };
	}
	const whole = entryFor(slice.gpuName, gpus);
	return {
		speedFactor: (whole?.speed_factor ?? 1) * slice.computeShare,
		hourlyCost: whole?.hourly_cost === undefined ? null : whole.hourly_cost * priceShare(slice),
	};
}

export function priceShare({ computeShare, memoryShare }: MigSlice): number {
	return Math.max(computeShare, memoryShare);
}

/** The longest name that the device's name contains: "A100-SXM4-40GB" goes before "A100". */
function entryFor(deviceName: string, gpus: readonly CatalogGpu[]): CatalogGpu | undefined {
	const device = deviceName.toLowerCase();
	return gpus
		.filter(({ name }) => device.includes(name.toLowerCase()))
		.sort((a, b) => b.name.length - a.name.length || (a.name < b.name ? -1 : 1))[0];
}
