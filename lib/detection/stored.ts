/** How the weights are stored, and how many there are: dtypes, scales, packed formats. */
import type { ModelHeader, StoredWeights, TensorInfo } from './types';

type Entries = Iterable<readonly [string, TensorInfo]>;

/** ComfyUI's and PyTorch's names for the container's. */
const NAMES: Readonly<Record<string, string>> = {
	F64: 'fp64',
	F32: 'fp32',
	F16: 'fp16',
	BF16: 'bf16',
	F8_E4M3: 'fp8_e4m3fn',
	F8_E5M2: 'fp8_e5m2',
	I8: 'int8',
	U8: 'uint8',
};

/** Tensors that describe other tensors instead of being weights. */
const SCALE_KEY =
	/(^|\.)(scaled_fp8|scale_weight|scale_input|weight_scale(_2)?|input_scale|comfy_quant|absmax|quant_map|nested_absmax|nested_quant_map|quant_state\.[\w]+)$/;

/** Four-bit formats store two weights in a byte. */
const PACKED_MARKER = /(quant_state\.bitsandbytes__(nf4|fp4)|\.weight_scale_2)$/;

/** The names of nearly all weights are settled by their end alone. */
function isScale(key: string): boolean {
	return !key.endsWith('.weight') && !key.endsWith('.bias') && SCALE_KEY.test(key);
}

export function storedWeights(header: ModelHeader, entries: Entries): StoredWeights {
	const bytesByDtype: Record<string, number> = {};
	let scaled = false;
	let packed: string | null = null;
	for (const [key, tensor] of entries) {
		if (isScale(key)) {
			scaled = true;
			if (PACKED_MARKER.test(key)) packed = key.includes('nf4') ? 'nf4' : 'nvfp4';
			continue;
		}
		bytesByDtype[tensor.dtype] = (bytesByDtype[tensor.dtype] ?? 0) + tensor.bytes;
	}
	if ('_quantization_metadata' in header.metadata) scaled = true;
	if (header.metadata['_quantization_metadata']?.includes('nvfp4')) packed = 'nvfp4';
	const dtype = packed ?? majorityName(header, bytesByDtype, scaled);
	return { dtype, scaled, bytesByDtype };
}

/** The dtype of most bytes decides, as in ComfyUI; named `mixed` when it has less than half. */
function majorityName(
	header: ModelHeader,
	bytesByDtype: Record<string, number>,
	scaled: boolean,
): string {
	const sorted = Object.entries(bytesByDtype).sort(
		(a, b) => b[1] - a[1] || a[0].localeCompare(b[0]),
	);
	const [top, bytes] = sorted[0] ?? ['unknown', 0];
	const total = sorted.reduce((sum, entry) => sum + entry[1], 0);
	if (bytes * 2 < total) return 'mixed';
	const name = NAMES[top];
	if (header.container === 'gguf') return name ?? `gguf_${top.toLowerCase()}`;
	const plain = name ?? top.toLowerCase();
	return scaled && plain.startsWith('fp8') ? `${plain}_scaled` : plain;
}

/** Number of weights; those of packed formats are counted as the two in a byte that they are. */
export function countParameters(header: ModelHeader, entries: Entries): number {
	let count = 0;
	for (const [key, tensor] of entries) {
		if (isScale(key)) continue;
		let elements = 1;
		for (const size of tensor.shape) elements *= size;
		count += tensor.dtype === 'U8' && isPacked(header, key) ? 2 * elements : elements;
	}
	return count;
}

function isPacked(header: ModelHeader, key: string): boolean {
	const stem = key.replace(/\.weight$/, '');
	return (
		header.tensors.has(`${stem}.weight_scale_2`) ||
		header.tensors.has(`${key}.quant_state.bitsandbytes__nf4`) ||
		header.tensors.has(`${key}.quant_state.bitsandbytes__fp4`)
	);
}
