/** Which encoder or VAE the usual files hold, to find a stand-in under another name. Source: ComfyUI's official workflows. */
import { baseName } from './names';

/** By the start of the file's base name; first match wins. */
const COMPONENTS: ReadonlyArray<readonly [prefix: string, component: string]> = [
	['clip_l_hidream', ''],
	['clip_g_hidream', ''],
	['clip_l', 'clip-l'],
	['clip_g', 'clip-g'],
	['t5xxl', 't5-xxl'],
	['umt5', 'umt5-xxl'],
	['qwen_2.5_vl_7b', 'qwen2.5-7b'],
	['qwen_2.5_vl_fp16', 'qwen2.5-3b'],
	['qwen_3_4b', 'qwen3-4b'],
	['qwen_3_8b', 'qwen3-8b'],
	['mistral_3_small', 'mistral-24b'],
	['llama_3.1_8b', 'llama3-8b'],
	['gemma_2_2b', 'gemma2-2b'],
	['byt5_small', 'byt5-small'],
	['ae.', 'vae-16ch'],
	['flux2-vae', 'vae-flux2'],
	['qwen_image_vae', 'vae-wan'],
	['hunyuan_image_2.1_vae', 'vae-hunyuan-image'],
];

/** null where the file name says nothing, or where no other file may stand in. */
export function knownComponent(file: string): string | null {
	const base = baseName(file).toLowerCase();
	const match = COMPONENTS.find(([prefix]) => base.startsWith(prefix));
	return match?.[1] ? match[1] : null;
}
