/** The builds of torch that can be named. Held against backend/config.py by tests/state. */

import { t } from "@/words";

export interface TorchBuild {
  readonly name: string;
  readonly words: string;
}

export const TORCH_BUILDS: readonly TorchBuild[] = [
  { name: "auto", words: t("Automatic") },
  { name: "cpu", words: t("cpu: for the processor") },
  { name: "cu130", words: t("cu130: NVIDIA, today's cards") },
  { name: "cu126", words: t("cu126: NVIDIA, older cards") },
  { name: "rocm7.2", words: t("rocm7.2: AMD") },
  { name: "xpu", words: t("xpu: Intel") },
];
