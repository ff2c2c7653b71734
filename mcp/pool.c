/* A few threads that work off a bounded queue: a ring of jobs, one lock, one condition. What
 * waits in the queue is run at the end as well, so that no job is lost with its memory; a job
 * that is not wanted any more finds that out by itself. */
#include "pool.h"

#include <pthread.h>
#include <stdlib.h>

typedef struct pool_job {
    void (*run)(void *user);
    void *user;
} pool_job;

struct mcp_pool {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pool_job *queue; /* a ring of `room` jobs; `waiting` of them from `first` on */
    int room, first, waiting;
    bool ending;
    int n_threads;
    pthread_t threads[];
};

static void *
work(void *user)
{
    mcp_pool *p = user;
    (void)pthread_mutex_lock(&p->lock);
    while (p->waiting > 0 || !p->ending) {
        if (p->waiting == 0) {
            (void)pthread_cond_wait(&p->changed, &p->lock);
            continue;
        }
        pool_job job = p->queue[p->first];
        p->first = (p->first + 1) % p->room;
        p->waiting--;
        (void)pthread_mutex_unlock(&p->lock);
        job.run(job.user);
        (void)pthread_mutex_lock(&p->lock);
    }
    (void)pthread_mutex_unlock(&p->lock);
    return NULL;
}

mcp_pool *
mcp_pool_start(int threads, int longest_queue)
{
    mcp_pool *p = calloc(1, sizeof *p + (size_t)threads * sizeof p->threads[0]);
    pool_job *queue = calloc((size_t)longest_queue, sizeof *queue);
    if (p == NULL || queue == NULL || pthread_mutex_init(&p->lock, NULL) != 0) {
        free(queue);
        free(p);
        return NULL;
    }
    p->queue = queue;
    p->room = longest_queue;
    if (pthread_cond_init(&p->changed, NULL) != 0) {
        (void)pthread_mutex_destroy(&p->lock);
        free(queue);
        free(p);
        return NULL;
    }
    while (p->n_threads < threads &&
           pthread_create(&p->threads[p->n_threads], NULL, work, p) == 0) {
        p->n_threads++;
    }
    if (p->n_threads == 0) {
        mcp_pool_end(p);
        return NULL;
    }
    return p;
}

bool
mcp_pool_put(mcp_pool *p, void (*job)(void *user), void *user)
{
    (void)pthread_mutex_lock(&p->lock);
    bool room = p->waiting < p->room;
    if (room) {
        p->queue[(p->first + p->waiting) % p->room] = (pool_job){job, user};
        p->waiting++;
        (void)pthread_cond_signal(&p->changed);
    }
    (void)pthread_mutex_unlock(&p->lock);
    return room;
}

void
mcp_pool_end(mcp_pool *p)
{
    if (p == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&p->lock);
    p->ending = true;
    (void)pthread_cond_broadcast(&p->changed);
    (void)pthread_mutex_unlock(&p->lock);
    for (int i = 0; i < p->n_threads; i++) {
        (void)pthread_join(p->threads[i], NULL);
    }
    (void)pthread_cond_destroy(&p->changed);
    (void)pthread_mutex_destroy(&p->lock);
    free(p->queue);
    free(p);
}
