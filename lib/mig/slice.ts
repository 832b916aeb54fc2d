/** A MIG slice as ComfyUI reports it: found in the device's name, and what share of its GPU it is. */
import { MIG_GPUS, type MigGpu, type MigProfile } from './gpus';

export interface MigSlice {
	/** The card, as the name says it: "NVIDIA A100-SXM4-40GB". */
	gpuName: string;
	/** As NVIDIA names it: "3g.20gb". */
	profile: string;
	/** Of the GPU's compute slices; 0 to 1. */
	computeShare: number;
	/** Of the GPU's memory; 0 to 1. */
	memoryShare: number;
}

/** Two compute instances in one GPU instance are named 1c.3g.20gb: one of its three compute slices. */
const SLICE =
	/^(?:cuda:\d+\s+)?(.{1,200}?)\s+MIG\s+(?:(\d)c\.)?(\d)g\.(\d{1,3})gb(?:\+\w+)*(?=\s|$)/i;

/** What a GPU has that no table of ours knows: as all of them since the A100. */
const USUAL_COMPUTE_SLICES = 7;
const USUAL_MEMORY_SLICES = 8;

/**
 * @param deviceName as /system_stats gives it: "cuda:0 NVIDIA A100-SXM4-40GB MIG 3g.20gb : cudaMallocAsync"
 * @returns null for a whole GPU, and for a name that says nothing sensible
 */
export function migSliceOf(deviceName: string | undefined): MigSlice | null {
	// asked for every server at every decision, and nearly none is a slice
	if (typeof deviceName !== 'string' || !deviceName.includes('MIG')) return null;
	const parts = SLICE.exec(deviceName);
	if (!parts) return null;
	const gpuName = parts[1] as string;
	const computeInstance = parts[2] === undefined ? null : Number(parts[2]);
	const computeSlices = Number(parts[3]);
	const profile = `${computeSlices}g.${Number(parts[4])}gb`;
	const known = knownProfile(gpuName, profile);
	const ofCompute = known?.gpu.computeSlices ?? USUAL_COMPUTE_SLICES;
	const used = computeInstance ?? computeSlices;
	if (computeSlices < 1 || computeSlices > ofCompute || used < 1 || used > computeSlices)
		return null;
	return {
		gpuName,
		profile,
		computeShare: used / ofCompute,
		memoryShare: known
			? known.profile.memorySlices / known.gpu.memorySlices
			: usualMemoryShare(computeSlices),
	};
}

function knownProfile(
	gpuName: string,
	profile: string,
): { gpu: MigGpu; profile: MigProfile } | null {
	for (const gpu of MIG_GPUS) {
		const found = gpu.match.test(gpuName) && gpu.profiles.find((one) => one.name === profile);
		if (found) return { gpu, profile: found };
	}
	return null;
}

/** Seven, four and three compute slices come with all, half and half of the memory. */
function usualMemoryShare(computeSlices: number): number {
	const slices = { 7: 8, 4: 4, 3: 4 }[computeSlices] ?? computeSlices;
	return slices / USUAL_MEMORY_SLICES;
}
