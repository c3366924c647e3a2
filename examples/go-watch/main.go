// A server that says which version it is.
package main

import (
	"fmt"
	"net/http"
	"os"
)

const version = "one"

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "version", version) })
	fmt.Println(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}
