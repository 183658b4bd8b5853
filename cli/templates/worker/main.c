/* A worker without a network: threads that take jobs from a queue. `bivy run . -- 20` does twenty. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define WORKERS 4

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int next_job, jobs = 8;

/* The number of the next job, or -1: there are no more. */
static int take_job(void)
{
    int job;

    pthread_mutex_lock(&lock);
    job = next_job < jobs ? next_job++ : -1;
    pthread_mutex_unlock(&lock);
    return job;
}

static void *work(void *name)
{
    int job;

    while ((job = take_job()) >= 0) {
        printf("%s: job %d\n", (const char *)name, job);
        usleep(10000); /* others run meanwhile, as they do whenever a thread waits */
    }
    return NULL;
}

int main(int argc, char **argv)
{
    static char names[WORKERS][16];
    pthread_t threads[WORKERS];

    if (argc > 1)
        jobs = atoi(argv[1]);
    for (int i = 0; i < WORKERS; i++) {
        snprintf(names[i], sizeof names[i], "worker %d", i);
        if (pthread_create(&threads[i], NULL, work, names[i]) != 0)
            return 1;
    }
    for (int i = 0; i < WORKERS; i++)
        pthread_join(threads[i], NULL);
    printf("%d jobs done\n", next_job);
    return 0;
}
