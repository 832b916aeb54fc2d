/**
 * What a device makes of weights stored in fp8: ComfyUI keeps them where the GPU computes in fp8 or where they would not
 * fit otherwise, and expands them to 16 bit else. Owns that rule and which GPUs are known not to compute in fp8.
 *
 * Source: ComfyUI 0.8.0 `comfy/model_management.py` (unet_dtype, supports_fp8_compute, maximum_vram_for_weights).
 */
import { MINIMUM_INFERENCE_BYTES } from './activation';

/** As a server reports it. */
export interface VramDevice {
	/** "cuda:0 NVIDIA GeForce RTX 3060 : cudaMallocAsync". */
	name?: string;
	/** cuda, mps, cpu, ... */
	type?: string;
	vram_total: number;
}

/** Share of the device that ComfyUI gives to weights at most. */
const WEIGHTS_SHARE = 0.88;

/** NVIDIA before compute capability 8.9 (Ada), and what is not NVIDIA. */
const WITHOUT_FP8 =
	/\b(GTX|TITAN|Quadro|Tesla|RTX [23]0\d\d|RTX A\d{4}|A(2|10|10G|16|30|40|100|800)|T4G?|V100S?|P40|P100|CMP|AMD|Radeon|Instinct)\b/i;

/** What the names above would catch and yet computes in fp8: workstation cards of Ada and later, AMD's latest. */
const WITH_FP8 = /\b(Ada|Blackwell|RX 9\d{3}|MI3\d\d)/i;

/** True only for what is known: of any other device the file's own dtype is taken. */
function expandsFp8(device: VramDevice): boolean {
	if (device.type === 'mps' || device.type === 'xpu') return true;
	const name = device.name ?? '';
	return device.type === 'cuda' && WITHOUT_FP8.test(name) && !WITH_FP8.test(name);
}

/** Weights stored in fp8 are expanded where they take no more than this in 16 bit; 0 where they never are. */
export function expansionLimitBytes(device: VramDevice | undefined): number {
	if (!device || !expandsFp8(device)) return 0;
	return Math.max(0, WEIGHTS_SHARE * device.vram_total - MINIMUM_INFERENCE_BYTES);
}
