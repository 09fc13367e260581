/*
 * shape_race.c - threads that meet at a call site which nobody has used yet all write and read the
 * right bytes, whoever compiles its format. A plain program: the thread sanitizer watches it.
 */
#include <pthread.h>
#include <stdio.h>

#include <wattle/pack.h>

#define THREADS 8
#define ROUNDS  200

static struct wtl_shape put_shapes[ROUNDS];
static struct wtl_shape get_shapes[ROUNDS];
static pthread_barrier_t barrier;

static void *run(void *argument)
{
    unsigned *wrong = argument;
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint8_t bytes[64];
        unsigned seq = 0;
        double celsius = 0;
        struct wtl_writer w = wtl_writer_over(bytes, sizeof bytes);
        (void)pthread_barrier_wait(&barrier);
        wtl_putf_shape(&w, &put_shapes[round], "seq=%u celsius=%lf", round, 21.5);
        struct wtl_msg message = {.bytes = bytes, .size = (uint32_t)wtl_written(&w)};
        (void)pthread_barrier_wait(&barrier);
        enum wtl_status status = wtl_getf_shape(&message, &get_shapes[round], NULL,
                                                "celsius=%lf seq=%u", &celsius, &seq);
        if (w.failed || status != WTL_OK || seq != round || celsius != 21.5) {
            (*wrong)++;
        }
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[THREADS];
    unsigned wrong[THREADS] = {0};
    unsigned sum = 0;
    if (pthread_barrier_init(&barrier, NULL, THREADS) != 0) {
        return 1;
    }
    for (int i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, run, &wrong[i]) != 0) {
            perror("pthread_create");
            return 1;
        }
    }
    for (int i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
        sum += wrong[i];
    }
    (void)pthread_barrier_destroy(&barrier);
    (void)printf("%u of %u calls were wrong\n", sum, THREADS * ROUNDS);
    return sum == 0 ? 0 : 1;
}
