package main

import (
	"context"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	asked, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	server := http.Server{Addr: "127.0.0.1:" + os.Getenv("PORT")}
	http.HandleFunc("/", func(answer http.ResponseWriter, _ *http.Request) {
		os.WriteFile("begun", nil, 0o644)
		time.Sleep(time.Second)
		answer.Write([]byte("finished"))
	})
	go server.ListenAndServe()
	<-asked.Done()
	server.Shutdown(context.Background())
}
