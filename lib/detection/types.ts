/** What a model file's header says and what follows from it. Owns the shapes; decides nothing. */

/** One tensor as the container's table lists it. */
export interface TensorInfo {
	/** As stored: F16, BF16, F8_E4M3, ... in safetensors; Q4_K, F16, ... in GGUF. */
	dtype: string;
	/** In the order of PyTorch (GGUF's reversed order is undone by the reader). */
	shape: readonly number[];
	/** Size of the data in the file. */
	bytes: number;
}

/** The header of a model file, without its weights. Strings are untrusted. */
export interface ModelHeader {
	container: 'safetensors' | 'gguf';
	tensors: ReadonlyMap<string, TensorInfo>;
	/** `__metadata__` of safetensors, the scalar key-value pairs of GGUF. */
	metadata: Readonly<Record<string, string>>;
}

/** What kind of file it is, by what ComfyUI could load it as. */
export type ModelPart =
	| 'checkpoint'
	| 'diffusion_model'
	| 'text_encoder'
	| 'vae'
	| 'lora'
	| 'controlnet'
	| 'clip_vision'
	| 'embedding'
	| 'unknown';

/** A family found by the rules, with ComfyUI's own figures for it. */
export interface FamilyMatch {
	/** Canonical family name, `unknown` for an architecture that ComfyUI knows and this product does not route. */
	family: string;
	/** ComfyUI's class in `supported_models.py`. */
	comfyClass: string;
	/** ComfyUI's `memory_usage_factor`. */
	memoryFactor: number;
	latentChannels: number;
	/** Pixels per latent cell and side. */
	downscale: number;
	/** What the keys tell about the member: `dev`, `fill`, `inpaint`, `i2v`, `14b`, ... */
	variant: string[];
	/** One line per deciding fact, for people. */
	evidence: string[];
}

/** How the weights are stored. */
export interface StoredWeights {
	/** fp32, fp16, bf16, fp8_e4m3fn, fp8_e5m2, each optionally `_scaled`; nvfp4, nf4, int8, `gguf_q4_k`, or `mixed`. */
	dtype: string;
	/** True where scales are stored with the weights. */
	scaled: boolean;
	/** Bytes by dtype as stored. */
	bytesByDtype: Record<string, number>;
}

/** Bytes in the file by what they belong to. */
export interface PartBytes {
	diffusion: number;
	textEncoder: number;
	vae: number;
	other: number;
}

export interface Detection {
	part: ModelPart;
	/** Canonical family; `unknown` where the rules do not tell, never a guess. */
	family: string;
	/** ComfyUI's class, where it is a diffusion model it knows. */
	comfyClass: string | null;
	/** Which text encoder or VAE, for such a file. */
	component: string | null;
	variant: string[];
	memoryFactor: number | null;
	latentChannels: number | null;
	/** Pixels per latent cell and side. */
	downscale: number | null;
	/** Number of weights of the diffusion model, or of the whole file where it holds none. */
	parameters: number;
	stored: StoredWeights;
	bytes: PartBytes;
	/** `diffusers`: keys as the diffusers library names them; ComfyUI converts most of these. */
	layout: 'comfyui' | 'diffusers';
	evidence: string[];
}
