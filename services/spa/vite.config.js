import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'

export default defineConfig({
  plugins: [vue()],
  build: {
    assetsInlineLimit: 0, // no data: URLs, which a content security policy would have to allow
    modulePreload: { polyfill: false },
    rollupOptions: {
      // One chunk has no exports. With several, an injected script could import() one of them and get the same
      // instance that holds the token of the storage "memory".
      output: { inlineDynamicImports: true },
    },
  },
})
