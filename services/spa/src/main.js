import { createApp } from 'vue'

import App from './App.vue'
import './prefill.js' // before the router looks at the address
import { router } from './router.js'
import { insideTheLab } from './site.js'
import './style.css'

if (insideTheLab()) {
  createApp(App).use(router).mount('#app')
} else {
  document.querySelector('#app').textContent =
    'This page is part of authlab’s browser lab and runs under its own .test names only. Start it with: authlab up MODE --browser'
}
