/* Threads: locks, conditions, storage of their own, timers, semaphores, once, detached ones, and many of
 * them. */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static sem_t semaphore;
static int counter, inits, destroyed;
static _Thread_local int own = 5;

int sched_yield(void);

static void init(void)
{
    inits++;
}

static void destroy(void *value)
{
    destroyed += (int)(long)value;
}

static void *work(void *argument)
{
    pthread_once(&once, init);
    pthread_setspecific(key, (void *)1L);
    errno = 1000 + (int)(long)argument;
    for (int i = 0; i < 1000; i++) {
        pthread_mutex_lock(&mutex);
        int seen = counter;
        if (i % 7 == 0)
            sched_yield();
        counter = seen + 1;
        own++;
        pthread_mutex_unlock(&mutex);
    }
    pthread_mutex_lock(&mutex);
    pthread_cond_signal(&condition);
    pthread_mutex_unlock(&mutex);
    return (void *)(long)(errno == 1000 + (long)argument ? own : -1);
}

static void *sleeper(void *argument)
{
    usleep(1000 * (useconds_t)(long)argument);
    sem_post(&semaphore);
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[50], thread;
    pthread_attr_t attributes;
    struct timespec before, after, until;
    long total = 0;

    pthread_key_create(&key, destroy);
    sem_init(&semaphore, 0, 0);
    for (long i = 0; i < 20; i++)
        if (pthread_create(&threads[i], NULL, work, (void *)i) != 0)
            puts("no thread");
    pthread_mutex_lock(&mutex);
    while (counter < 20000)
        pthread_cond_wait(&condition, &mutex);
    pthread_mutex_unlock(&mutex);
    for (int i = 0; i < 20; i++) {
        void *result;
        pthread_join(threads[i], &result);
        total += (long)result;
    }
    printf("counter %d total %ld own %d once %d keys %d\n", counter, total, own, inits, destroyed);

    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    for (int round = 0; round < 20; round++) {
        for (long i = 0; i < 50; i++)
            if (pthread_create(&thread, &attributes, sleeper, (void *)(i % 3)) != 0)
                puts("no thread");
        for (int i = 0; i < 50; i++)
            sem_wait(&semaphore);
    }
    puts("1000 detached threads");

    clock_gettime(CLOCK_MONOTONIC, &before);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += 20000000;
    if (until.tv_nsec >= 1000000000)
        until.tv_nsec -= 1000000000, until.tv_sec++;
    pthread_mutex_lock(&mutex);
    int result = pthread_cond_timedwait(&condition, &mutex, &until);
    clock_gettime(CLOCK_MONOTONIC, &after);
    printf("timed wait %s, waited %d\n", strerror(result),
           (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000 >= 19);
    if (argc > 1 && strcmp(argv[1], "deadlock") == 0)
        pthread_mutex_lock(&mutex);
    return 0;
}
