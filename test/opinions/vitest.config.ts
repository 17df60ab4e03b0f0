import { defineConfig } from "vitest/config";
import base from "../servers/vitest.config.js";

export default defineConfig({ ...base, test: { ...base.test, include: ["test/opinions/real.ts"] } });
