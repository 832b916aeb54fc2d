/**
 * Tells an out-of-memory failure from every other one. Owns the list of forms in which ComfyUI's stack says it.
 *
 * Sources: ComfyUI catches torch.OutOfMemoryError (torch.cuda.OutOfMemoryError before torch 2.5) and passes its name and
 * message on; PyTorch and the drivers below it raise the same condition as plain RuntimeErrors (cuBLAS, cuDNN, driver
 * allocation, CPU and MPS allocators, torch.AcceleratorError from torch 2.8), which ComfyUI does not recognise.
 */
import type { ExecutionFailure } from '../ports';

const OOM_TYPES = /(^|\.)(OutOfMemoryError|OOM_EXCEPTION|MemoryError)$/i;

const OOM_MESSAGES = [
	// CUDA, HIP (ROCm), XPU, NPU: "CUDA out of memory. Tried to allocate", "CUDA error: out of memory"
	/\bout of memory\b/i,
	/\bran out of memory on your (gpu|device)\b/i,
	/\bCUBLAS_STATUS_ALLOC_FAILED\b/,
	/\bCUDNN_STATUS_ALLOC_FAILED\b/,
	/\b(cuda|hip)Error(MemoryAllocation|OutOfMemory)\b/,
	/\b(CUDA|HIP)_ERROR_OUT_OF_MEMORY\b/,
	/\bDefaultCPUAllocator: (can't|not enough) (allocate )?memory\b/i,
	/\bUR_RESULT_ERROR_OUT_OF_(DEVICE|HOST|RESOURCES?)/,
	/\bPI_ERROR_OUT_OF_(RESOURCES|HOST_MEMORY)\b/,
	/\bnot enough (gpu|video|device) memory\b/i,
	/\b(could not|couldn't|failed to|unable to) allocate\b.{0,80}\b(memory|bytes|[kmgt]i?b)\b/i,
	/\bNot enough memory resources are available\b/i,
];

/**
 * @param failure what the server reported; null is no failure
 * @returns true when type or message says that a memory allocation failed, on the device or in the host's memory
 */
export function isOutOfMemory(
	failure: Pick<ExecutionFailure, 'exceptionType' | 'message'> | null | undefined,
): boolean {
	if (!failure) return false;
	if (OOM_TYPES.test(failure.exceptionType ?? '')) return true;
	return OOM_MESSAGES.some((form) => form.test(failure.message));
}
