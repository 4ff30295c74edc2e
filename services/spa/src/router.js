import { nextTick } from 'vue'
import { createRouter, createWebHistory } from 'vue-router'

import ModePage from './pages/ModePage.vue'
import NotFound from './pages/NotFound.vue'
import OverviewPage from './pages/OverviewPage.vue'
import PublicPage from './pages/PublicPage.vue'
import StoragePage from './pages/StoragePage.vue'
import { STORAGES } from './storages.js'

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/', component: OverviewPage },
    { path: '/running', component: ModePage },
    { path: '/public', component: PublicPage },
    { path: `/storage/:id(${STORAGES.map(({ id }) => id).join('|')})`, component: StoragePage },
    { path: '/:rest(.*)*', name: 'none', component: NotFound },
  ],
  scrollBehavior: (to, from, saved) => saved ?? (to.path === from.path ? false : { top: 0 }),
})

// Focusing the heading makes a screen reader announce a new page. Not on arrival (the browser does it), or for a new query.
router.afterEach((to, from) => {
  if (from.matched.length === 0 || to.path === from.path) return
  nextTick(() => document.querySelector('h1')?.focus({ preventScroll: true }))
})
