/** What an attempt says about memory: what was available, and whether a slow run was a memory failure. Pure. */
import { DEFAULT_VRAM_RESERVE_GB } from '../../lib/catalog/defaults';
import { isSlowByPaging } from '../../lib/execution/outcome';
import type { FleetSnapshot } from '../../lib/fleet/types';
import type { SelectedDecision } from '../../lib/selection/types';
import { BYTES_PER_GB } from '../../lib/units';
import type { AttemptEnd } from './attempt-end';

/** Bytes a run could get on the server: free, and what ComfyUI itself holds, less the reserve. null: unknown. */
export function availableOn(fleet: FleetSnapshot, name: string): number | null {
	const server = fleet.servers.find((one) => one.name === name);
	const device = server?.devices[0];
	// on cpu and mps these are the machine's memory, which says nothing about one process
	if (!device || device.type === 'cpu' || device.type === 'mps') return null;
	const held = device.torch_vram_total - device.torch_vram_free;
	const reserve = (server?.vram_reserve_gb ?? DEFAULT_VRAM_RESERVE_GB) * BYTES_PER_GB;
	return Math.min(device.vram_total, device.vram_free + held) - reserve;
}

export function slowByPaging(
	end: Pick<AttemptEnd, 'entry'>,
	{ estimate, server }: SelectedDecision,
	fleet: FleetSnapshot,
): boolean {
	const { entry } = end;
	if (entry === null || entry.startedMs === null || entry.endedMs === null) return false;
	return isSlowByPaging({
		seconds: (entry.endedMs - entry.startedMs) / 1000,
		expectedSeconds: estimate.load_seconds + estimate.run_seconds,
		availableBytes: availableOn(fleet, server),
		peakBytes: estimate.vram_peak_bytes,
	});
}
