import { describe, expect, it } from 'vitest';

import { parseHistory } from '../../../adapters/comfyui/parse-history';
import { isOutOfMemory } from '../../../lib/execution/oom';
import { recording } from '../../support/recordings';

const failure = (exceptionType: string | null, message: string) => ({ exceptionType, message });

describe('isOutOfMemory', () => {
	it.each([
		['torch.OutOfMemoryError', 'Allocation on device'],
		['torch.cuda.OutOfMemoryError', 'CUDA out of memory. Tried to allocate 20.00 GiB.'],
		['RuntimeError', 'HIP out of memory. Tried to allocate 2.00 GiB'],
		['RuntimeError', 'CUDA error: out of memory'],
		['torch.AcceleratorError', 'CUDA error: out of memory\nCUDA kernel errors might be...'],
		['RuntimeError', 'CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`'],
		['RuntimeError', 'cudaErrorMemoryAllocation: out of memory'],
		['RuntimeError', 'cuDNN error: CUDNN_STATUS_ALLOC_FAILED'],
		[
			'RuntimeError',
			"[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory",
		],
		['RuntimeError', 'MPS backend out of memory (MPS allocated: 17.5 GB)'],
		[
			'RuntimeError',
			'Could not allocate tensor with 1073741824 bytes. There is not enough GPU video memory available!',
		],
		['MemoryError', ''],
		[null, 'CUDA out of memory. Tried to allocate 1.00 GiB'],
	])('recognises %s: %s', (type, message) => {
		expect(isOutOfMemory(failure(type, message))).toBe(true);
	});

	it.each([
		['PIL.UnidentifiedImageError', "cannot identify image file '/input/bad.png'"],
		['RuntimeError', 'mat1 and mat2 shapes cannot be multiplied (77x768 and 2048x640)'],
		['FileNotFoundError', 'No such file: memory.safetensors'],
		['RuntimeError', 'ERROR: VAE is invalid: None'],
		['torch.AcceleratorError', 'CUDA error: an illegal memory access was encountered'],
		[null, ''],
	])('does not mistake %s: %s', (type, message) => {
		expect(isOutOfMemory(failure(type, message))).toBe(false);
	});

	it('is false without a failure', () => {
		expect(isOutOfMemory(null)).toBe(false);
		expect(isOutOfMemory(undefined)).toBe(false);
	});

	it.each([
		['sim_oom_ksampler_history', true],
		['sim_oom_node_history', true],
		['history_cpu_alloc_failure', true],
		['history_error', false],
		['history_interrupted', false],
		['graph_flux_history', false],
	])('classifies the recorded %s as %s', (name, expected) => {
		const [entry] = parseHistory(recording(name).body) ?? [];
		expect(entry).toBeDefined();
		expect(isOutOfMemory(entry?.failure)).toBe(expected);
	});
});
